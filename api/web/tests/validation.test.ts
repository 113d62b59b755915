import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'

import { i18n } from '@/i18n'
import SignatureCard from '@/validation/SignatureCard.vue'
import type { ValidatedSignature } from '@/validation/useValidation'

const good = (certificate: string) => ({ certificate, status: 'good', fresh: true })
const signature: ValidatedSignature = {
  field: 'Signature1', signer: '示例签署人', verdict: 'TOTAL-PASSED', words: '示例签署人的签名有效。', covers_whole_file: true, changes: [], timestamp_trusted: true, is_document_timestamp: false,
  revocation: [good('示例签署人'), good('示例签发机构'), good('示例时间戳'), good('示例签发机构')],
}
const card = (changed: Partial<ValidatedSignature>) => mount(SignatureCard, { global: { plugins: [i18n] }, props: { signature: { ...signature, ...changed }, number: 1 } })

describe('SignatureCard', () => {
  it('tells once what is said of a certificate that two chains share', () => {
    const told = card({}).findAll('.state').map((each) => each.text())
    expect(told).toEqual(['示例签署人：有效，未吊销', '示例签发机构：有效，未吊销', '示例时间戳：有效，未吊销'])
  })
  it('keeps what differs apart, and tells since when', () => {
    const revoked = { certificate: '示例签发机构', status: 'revoked', revoked_at_ms: Date.UTC(2026, 0, 15, 4), fresh: true }
    const told = card({ revocation: [good('示例签发机构'), revoked] }).findAll('.state').map((each) => each.text())
    expect(told).toHaveLength(2)
    expect(told[1]).toContain('已吊销 2026')
  })
  it('shows forbidden changes at once and allowed ones behind a line', () => {
    const changes = [
      { kind: 'page_changed', what: 'page 1', allowed: false },
      { kind: 'field_filled', what: 'text', allowed: true },
    ]
    const wrapper = card({ verdict: 'TOTAL-FAILED', changes })
    expect(wrapper.find('[role=alert]').text()).toBe('页面被改动：page 1')
    expect(wrapper.find('details').text()).toContain('填写预设字段')
  })
})
