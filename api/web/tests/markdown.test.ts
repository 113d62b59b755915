import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'

import LegalText from '@/signing/LegalText.vue'
import { blocksOf, spansOf } from '@/signing/markdown'

describe('legal texts', () => {
  it('have headings, paragraphs and lists', () => {
    const blocks = blocksOf('# 协议\r\n\r\n第一行\n第二行\n\n## 一\n1. 甲\n2. **乙**\n\n- 丙')
    expect(blocks.map((block) => block.kind)).toEqual(['heading', 'paragraph', 'heading', 'list', 'list'])
    expect(blocks[1]).toEqual({ kind: 'paragraph', spans: [{ text: '第一行\n第二行', bold: false }] })
    expect(blocks[3]).toMatchObject({ ordered: true, start: 1, items: [[{ text: '甲' }], [{ text: '乙', bold: true }]] })
  })
  it('keep a list’s numbers when a paragraph stands between', () => {
    expect(blocksOf('1. 甲\n\n说明\n\n2. 乙')[2]).toMatchObject({ kind: 'list', start: 2 })
  })
  it('lose no word', () => {
    for (const text of ['a ** b', '**半', '5*3*2', '<b>x</b> & y', '#井号']) {
      expect(spansOf(text).map((span) => span.text).join('')).toBe(text)
    }
    expect(blocksOf('#井号')[0]?.kind).toBe('paragraph')
  })
  it('never become HTML, and do not repeat the title', () => {
    const wrapper = mount(LegalText, { props: { text: '# 协议\n\n<img src=x onerror=alert(1)> **重要**', title: '协议' } })
    expect(wrapper.find('img').exists()).toBe(false)
    expect(wrapper.find('h3').exists()).toBe(false)
    expect(wrapper.text()).toContain('<img src=x onerror=alert(1)>')
    expect(wrapper.find('strong').text()).toBe('重要')
  })
})
