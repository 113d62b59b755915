import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type EffectScope, effectScope } from 'vue'

import type { Signing } from '@/api/types'
import { oneLine, useFieldChoice } from '@/signing/useFieldChoice'
import { type SigningFlow, useSigning } from '@/signing/useSigning'

const field = (id: string, kind: string, more: object = {}) => ({
  id, document_id: 'd1', kind, page: 1, x: 0, y: id === 'f1' ? 200 : 100, w: 10, h: 10, required: true, ...more,
})
const signing = (more: object = {}): Signing =>
  ({
    recipient: { id: 'r1', name: '示例签署人', status: 'in_progress' },
    contract: { id: 'c1', title: '示例采购合同', status: 'in_progress', sender: {} },
    status: 'in_progress',
    steps: [{ kind: 'sign', state: 'current' }],
    documents: [{ id: 'd1', page_count: 1 }],
    fields: [field('f1', 'date'), field('f2', 'text', { required: false })],
    seals: [], intent_methods: ['sms_code'], phone_masked: '139****0001', min_reading_s: 0,
    ...more,
  }) as unknown as Signing

type Answer = { status: number; body: unknown }
let answers: Record<string, Answer[]>
let asked: { method: string; path: string; key: string | null; body: unknown }[]
let scope: EffectScope

beforeEach(() => {
  localStorage.clear()
  answers = {}
  asked = []
  scope = effectScope()
  vi.stubGlobal('fetch', async (request: Request) => {
    const path = new URL(request.url).pathname.replace('/api/signing/r1', '')
    const text = await request.text()
    asked.push({ method: request.method, path, key: request.headers.get('idempotency-key'), body: text ? JSON.parse(text) : undefined })
    const list = answers[`${request.method} ${path}`] ?? [{ status: 200, body: signing() }]
    const answer = (list.length > 1 ? list.shift() : list[0]) as Answer
    if (answer.status === 0) throw new TypeError('Failed to fetch')
    return new Response(JSON.stringify(answer.body), { status: answer.status, headers: { 'content-type': 'application/json' } })
  })
})
afterEach(() => {
  scope.stop()
  vi.unstubAllGlobals()
})

async function start(): Promise<SigningFlow> {
  const flow = scope.run(() => useSigning('r1')) as SigningFlow
  await flow.load()
  return flow
}

describe('a signer’s way', () => {
  it('asks only for the required fields, and shows the day that the server wrote', async () => {
    answers['PUT /fields'] = [{ status: 200, body: signing({ fields: [field('f1', 'date', { value: { date: '2026-11-24' } }), field('f2', 'text', { required: false })] }) }]
    const flow = await start()
    expect(flow.missing.value).toBe(1)
    flow.fill(flow.fields.value[0]!, { date: true })
    expect(flow.missing.value).toBe(0)
    await vi.waitFor(() => expect(flow.values.value.get('f1')).toEqual({ date: '2026-11-24' }))
    expect(await flow.goToConfirm()).toBe(true)
  })

  it('goes to the empty field instead of the confirmation', async () => {
    const flow = await start()
    expect(await flow.goToConfirm()).toBe(false)
    expect(flow.activeField.value).toBe('f1')
    expect(flow.confirming.value).toBe(false)
  })

  it('does not go to the confirmation before the server has everything', async () => {
    answers['PUT /fields'] = [{ status: 0, body: null }]
    const flow = await start()
    flow.fill(flow.fields.value[0]!, { date: true })
    expect(await flow.goToConfirm()).toBe(false)
    expect(flow.draftState.value).toBe('offline')
  })

  it('does not show as filled what the server refused', async () => {
    answers['PUT /fields'] = [{ status: 422, body: { code: 'field_unknown', title: '签署区不存在' } }]
    const flow = await start()
    flow.fill(flow.fields.value[0]!, { date: true })
    await vi.waitFor(() => expect(flow.missing.value).toBe(1))
    expect(flow.draftState.value).toBe('refused')
    expect(flow.draftError.value?.code).toBe('field_unknown')
  })

  it('confirms once, with the same key after a lost answer', async () => {
    answers['POST /intent'] = [{ status: 0, body: null }, { status: 200, body: signing({ status: 'stamping' }) }]
    const flow = await start()
    expect(await flow.confirmIntent('123456')).toBe(false)
    expect(flow.actionError.value?.kind).toBe('offline')
    expect(await flow.confirmIntent('123456')).toBe(true)
    const keys = asked.filter((each) => each.path === '/intent').map((each) => each.key)
    expect(keys).toHaveLength(2)
    expect(keys[0]).toBeTruthy()
    expect(keys[1]).toBe(keys[0])
    expect(flow.stage.value?.name).toBe('stamping')
  })

  it('goes back to the fields and looks again when the content has changed', async () => {
    answers['POST /intent'] = [{ status: 409, body: { code: 'content_changed', title: '内容已发生变化' } }]
    const flow = await start()
    flow.confirming.value = true
    const before = asked.filter((each) => each.method === 'GET').length
    expect(await flow.confirmIntent('123456')).toBe(false)
    expect(flow.confirming.value).toBe(false)
    expect(asked.filter((each) => each.method === 'GET').length).toBe(before + 1)
    expect(flow.actionError.value?.code).toBe('content_changed')
  })

  it('ends for everybody when the contract ends, and forgets the drafts', async () => {
    answers['PUT /fields'] = [{ status: 0, body: null }]
    const flow = await start()
    flow.fill(flow.fields.value[0]!, { date: true })
    await vi.waitFor(() => expect(flow.draftState.value).toBe('offline'))
    expect(localStorage.getItem('sealflow.draft.r1')).toContain('f1')
    answers['GET '] = [{ status: 200, body: signing({ contract: { id: 'c1', title: '示例采购合同', status: 'withdrawn', sender: {} } }) }]
    await flow.load({ quiet: true })
    expect(flow.stage.value?.name).toBe('withdrawn')
    await vi.waitFor(() => expect(localStorage.getItem('sealflow.draft.r1')).toBeNull())
  })
})

describe('a text field', () => {
  const refused = { status: 422, body: { code: 'invalid_fields', title: '填写有误', fields: [{ field: 'fields[f2].value', message: '“😀”无法显示在文件上' }] } }
  async function open() {
    const flow = await start()
    const choice = scope.run(() => useFieldChoice(flow)) as ReturnType<typeof useFieldChoice>
    choice.choose(flow.fields.value.find((each) => each.kind === 'text')!)
    return { flow, choice }
  }

  it('keeps its form open until the server took the text', async () => {
    answers['PUT /fields'] = [refused, { status: 200, body: signing() }]
    const { flow, choice } = await open()
    await choice.useText('好😀')
    expect(choice.sheet.value).toBe('text')
    expect(choice.textError.value?.fields[0]?.message).toBe('“😀”无法显示在文件上')
    expect(flow.refusedField.value?.id).toBe('f2')
    await choice.useText('好')
    expect(choice.sheet.value).toBeUndefined()
    expect(choice.textError.value).toBeUndefined()
    expect(flow.refusedField.value).toBeUndefined()
  })

  it('does not wait for a network that is not there', async () => {
    answers['PUT /fields'] = [{ status: 0, body: null }]
    const { flow, choice } = await open()
    await choice.useText('好')
    expect(choice.sheet.value).toBeUndefined()
    expect(flow.values.value.get('f2')).toEqual({ text: '好' })
  })

  it('leaves out what nobody sees', async () => {
    const { choice } = await open()
    await choice.useText(' 零\u200b宽\ufeff\u0007\n 一\u200d行 ')
    expect(asked.find((each) => each.method === 'PUT')?.body).toEqual({ fields: [{ id: 'f2', value: { text: '零宽 一行' } }] })
    expect(oneLine('\u200b\u0085\ufeff')).toBe('')
  })
})
