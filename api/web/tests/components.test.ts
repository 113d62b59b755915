import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import { nextTick } from 'vue'

import { errorOfAnswer } from '@/api/problem'
import AskButton from '@/components/AskButton.vue'
import CodeInput from '@/components/CodeInput.vue'
import ContractTimeline from '@/components/ContractTimeline.vue'
import ErrorNote from '@/components/ErrorNote.vue'
import InlineError from '@/components/InlineError.vue'
import LoadState from '@/components/LoadState.vue'
import StatusTag from '@/components/StatusTag.vue'
import { i18n } from '@/i18n'
import FieldBox from '@/signing/FieldBox.vue'
import ReasonForm from '@/signing/ReasonForm.vue'
import TextForm from '@/signing/TextForm.vue'

const global = { plugins: [i18n], stubs: { RouterLink: true } }

describe('CodeInput', () => {
  const setUp = () => mount(CodeInput, { global, props: { modelValue: '', label: '验证码', 'onUpdate:modelValue': () => {} } })

  it('keeps six digits of what was pasted or filled in by the system', async () => {
    const wrapper = setUp()
    await wrapper.find('input').setValue('【示例】验证码 １２３ 456，7')
    expect(wrapper.emitted('update:modelValue')?.at(-1)).toEqual(['123456'])
    expect(wrapper.emitted('complete')).toEqual([['123456']])
  })
  it('lets the system fill it from the SMS and is one named field', () => {
    const input = setUp().find('input')
    expect(input.attributes()).toMatchObject({ autocomplete: 'one-time-code', inputmode: 'numeric', 'aria-label': '验证码' })
  })
  it('is not complete before the sixth digit', async () => {
    const wrapper = setUp()
    await wrapper.find('input').setValue('12345')
    expect(wrapper.emitted('complete')).toBeUndefined()
  })
})

describe('ContractTimeline', () => {
  it('shows the newest first, of one moment too', () => {
    const entries = (['confirmed', 'signed', 'completed'] as const).map((kind, i) => ({ kind, actor: '', at_ms: i ? 2_000 : 1_000 }))
    const told = mount(ContractTimeline, { global, props: { entries } }).findAll('.what')
    expect(told.map((what) => what.text())).toEqual(['全部签署完成', '完成签署', '意愿认证通过'])
  })
})

describe('AskButton', () => {
  const setUp = (busy = false) =>
    mount(AskButton, { global, attachTo: document.body, props: { label: '删除', question: '确定吗？', confirm: '确认删除', busy, testid: 'it' } })

  it('does nothing before it was asked and answered', async () => {
    const wrapper = setUp()
    await wrapper.find('[data-testid=it]').trigger('click')
    expect(wrapper.emitted('confirmed')).toBeUndefined()
    expect(wrapper.find('[role=alertdialog]').text()).toContain('确定吗？')
    await wrapper.find('[data-testid=it-confirm]').trigger('click')
    expect(wrapper.emitted('confirmed')).toHaveLength(1)
  })
  it('leads the keyboard to the harmless answer, and back', async () => {
    const wrapper = setUp()
    await wrapper.find('[data-testid=it]').trigger('click')
    await nextTick()
    expect(document.activeElement).toBe(wrapper.find('[data-testid=it-cancel]').element)
    await wrapper.find('[role=alertdialog]').trigger('keydown', { key: 'Escape' })
    await nextTick()
    expect(document.activeElement).toBe(wrapper.find('[data-testid=it]').element)
    expect(wrapper.emitted('confirmed')).toBeUndefined()
  })
  it('takes no second answer while the first is under way', async () => {
    const wrapper = setUp(true)
    await wrapper.find('[data-testid=it]').trigger('click')
    expect(wrapper.find('[data-testid=it-confirm]').attributes('disabled')).toBeDefined()
  })
})

describe('errors', () => {
  it('say what happened, what to do and which request it was', () => {
    const error = errorOfAnswer(500, { title: '系统出现问题', detail: '请稍后重试。', request_id: 'r-9' })
    const wrapper = mount(ErrorNote, { global, props: { error } })
    expect(wrapper.attributes('role')).toBe('alert')
    for (const words of ['系统出现问题', '请稍后重试。', 'r-9']) expect(wrapper.text()).toContain(words)
  })
  it('offer no retry where it cannot help', () => {
    const retry = (status: number) => mount(ErrorNote, { global, props: { error: errorOfAnswer(status, {}) } }).find('[data-testid=retry]').exists()
    expect([403, 404, 410].map(retry)).toEqual([false, false, false])
    expect([500, 429].map(retry)).toEqual([true, true])
  })
  it('tell the tries that are left', () => {
    const error = errorOfAnswer(401, { code: 'code_wrong', title: '验证码不正确', tries_left: 2 })
    expect(mount(InlineError, { global, props: { error } }).text()).toContain('还可输入 2 次')
  })
})

describe('LoadState', () => {
  it('shows nothing at first, then the skeleton, the empty state or the content', async () => {
    const wrapper = mount(LoadState, { global, props: { ready: false, slow: false }, slots: { default: '<p>内容</p>' } })
    expect(wrapper.text()).toBe('')
    await wrapper.setProps({ slow: true })
    expect(wrapper.findAll('.bar').length).toBeGreaterThan(0)
    await wrapper.setProps({ ready: true, empty: true })
    expect(wrapper.text()).toContain('暂无数据')
    await wrapper.setProps({ empty: false })
    expect(wrapper.text()).toBe('内容')
  })
})

describe('StatusTag', () => {
  it('always has words', () => {
    for (const status of ['awaiting_me', 'in_progress', 'completed', 'declined', 'draft', 'expired', 'withdrawn', 'stamping', 'dead']) {
      const words = mount(StatusTag, { global, props: { status } }).text()
      expect(words, status).toMatch(/[\u4e00-\u9fff]/)
    }
    expect(mount(StatusTag, { global, props: { status: 'something_new' } }).text()).toBe('something_new')
  })
})

describe('FieldBox', () => {
  const field = { id: 'f1', document_id: 'd1', kind: 'date' as const, page: 2, x: 0, y: 0, w: 10, h: 10 }
  const box = { left: 0, top: 0, width: 10, height: 10 }
  it('says where it is, what it is, and whether it is filled', async () => {
    const wrapper = mount(FieldBox, { global, props: { field: field as never, box, seals: [] } })
    expect(wrapper.attributes('aria-label')).toBe('第 2 页，日期，未填写')
    expect(wrapper.attributes('data-testid')).toBe('field-date')
    await wrapper.setProps({ value: { date: true } as never })
    expect(wrapper.attributes('aria-label')).toContain('已填写')
    await wrapper.trigger('click')
    expect(wrapper.emitted('choose')).toHaveLength(1)
  })
})

describe('ReasonForm', () => {
  const props = { intro: '说明', label: '拒签原因', required: '请填写拒签原因', confirm: '确认拒签', busy: false }
  it('does nothing without a reason, and says so', async () => {
    const wrapper = mount(ReasonForm, { global, props })
    await wrapper.find('textarea').setValue('   ')
    await wrapper.find('form').trigger('submit')
    expect(wrapper.emitted('submit')).toBeUndefined()
    expect(wrapper.find('#reason-problem').text()).toBe('请填写拒签原因')
    await wrapper.find('textarea').setValue(' 金额有误 ')
    await wrapper.find('form').trigger('submit')
    expect(wrapper.emitted('submit')).toEqual([['金额有误']])
  })
  it('cannot be sent twice', async () => {
    const wrapper = mount(ReasonForm, { global, props: { ...props, busy: true } })
    expect(wrapper.find('[data-testid=reason-confirm]').attributes('disabled')).toBeDefined()
  })
})

describe('TextForm', () => {
  const error = errorOfAnswer(422, { title: '填写有误', fields: [{ field: 'fields[f1].value', message: '文字在此处放不下，请缩短' }] })
  it('keeps what was typed beside what is wrong with it', async () => {
    const wrapper = mount(TextForm, { global, props: { value: '原文' } })
    await wrapper.find('textarea').setValue('很长的文字')
    await wrapper.setProps({ busy: true })
    expect(wrapper.find('[data-testid=text-confirm]').attributes('disabled')).toBeDefined()
    await wrapper.setProps({ busy: false, error, value: undefined })
    expect(wrapper.find('textarea').element.value).toBe('很长的文字')
    expect(wrapper.find('textarea').attributes('aria-invalid')).toBe('true')
    expect(wrapper.find('[data-testid=text-problem]').text()).toBe('文字在此处放不下，请缩短')
    await wrapper.find('form').trigger('submit')
    expect(wrapper.emitted('use')).toEqual([['很长的文字']])
  })
  it('sends no text of which nothing would be seen', async () => {
    const wrapper = mount(TextForm, { global, props: {} })
    await wrapper.find('textarea').setValue('\u200b ')
    expect(wrapper.find('[data-testid=text-confirm]').attributes('disabled')).toBeDefined()
  })
})
