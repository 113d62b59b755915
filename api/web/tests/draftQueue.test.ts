import { describe, expect, it, vi } from 'vitest'

import { ApiError, errorOfAnswer } from '@/api/problem'
import { DraftQueue, type DraftState, forgetDrafts } from '@/signing/draftQueue'

class Memory implements Storage {
  #items = new Map<string, string>()
  get length() {
    return this.#items.size
  }
  key = (i: number) => [...this.#items.keys()][i] ?? null
  getItem = (key: string) => this.#items.get(key) ?? null
  setItem = (key: string, value: string) => void this.#items.set(key, value)
  removeItem = (key: string) => void this.#items.delete(key)
  clear = () => this.#items.clear()
}

type Sent = { id: string; value: unknown }[]
const KEY = 'sealflow.draft.r1'

function setUp(send: (fields: Sent) => Promise<unknown>, storage = new Memory()) {
  const states: DraftState[] = []
  const retries: { work: () => void; ms: number }[] = []
  const queue = new DraftQueue({
    recipientId: 'r1',
    storage,
    send: send as never,
    changed: (state) => void states.push(state),
    later: (work, ms) => {
      const retry = { work, ms }
      retries.push(retry)
      return () => void retries.splice(retries.indexOf(retry), 1)
    },
  })
  return { queue, storage, states, retries }
}

describe('drafts', () => {
  it('are on the device before they are on their way, and leave it when the server has them', async () => {
    let arrived = () => {}
    const send = vi.fn(() => new Promise<void>((resolve) => (arrived = resolve)))
    const { queue, storage, states } = setUp(send)
    queue.save('f1', { date: true })
    expect(storage.getItem(KEY)).toContain('f1')
    await vi.waitFor(() => expect(send).toHaveBeenCalled())
    arrived()
    await queue.flush()
    expect(storage.getItem(KEY)).toBeNull()
    expect(states).toEqual(['saving', 'saved'])
  })

  it('stay on the device while offline, survive a reload and go out when the network is back', async () => {
    const { queue, storage, states, retries } = setUp(() => Promise.reject(new ApiError('offline', 0)))
    queue.save('f1', { text: '同意' })
    queue.save('f2', { date: true })
    await queue.flush()
    expect(states.at(-1)).toBe('offline')
    expect(retries).toHaveLength(1)
    queue.close()

    const sent: Sent = []
    const after = setUp((fields) => (sent.push(...fields), Promise.resolve()), storage)
    expect([...after.queue.pending.keys()]).toEqual(['f1', 'f2'])
    await after.queue.flush()
    expect(sent).toEqual([{ id: 'f1', value: { text: '同意' } }, { id: 'f2', value: { date: true } }])
    expect(storage.getItem(KEY)).toBeNull()
  })

  it('wait longer from try to try, and no longer than 30 s', async () => {
    const { queue, retries } = setUp(() => Promise.reject(new ApiError('server', 503)))
    const waits: number[] = []
    queue.save('f1', { date: true })
    for (let i = 0; i < 7; i += 1) {
      await vi.waitFor(() => expect(retries).toHaveLength(1))
      waits.push(retries[0]?.ms ?? 0)
      retries[0]?.work()
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })

  it('send one request at a time, and the newest value of a field last', async () => {
    const answers: (() => void)[] = []
    const sent: Sent[] = []
    const { queue } = setUp((fields) => (sent.push(fields), new Promise<void>((resolve) => answers.push(resolve))))
    queue.save('f1', { text: '一' })
    await vi.waitFor(() => expect(sent).toHaveLength(1))
    queue.save('f1', { text: '二' })
    queue.save('f1', { text: '三' })
    expect(sent).toHaveLength(1)
    answers[0]?.()
    await vi.waitFor(() => expect(sent).toHaveLength(2))
    expect(sent[1]).toEqual([{ id: 'f1', value: { text: '三' } }])
    answers[1]?.()
    await queue.flush()
    expect(queue.pending.size).toBe(0)
  })

  it('that the server refuses are dropped and told, not sent again', async () => {
    const { queue, states, retries, storage } = setUp(() => Promise.reject(errorOfAnswer(422, { code: 'field_unknown' })))
    queue.save('f1', { date: true })
    await queue.flush()
    expect(states.at(-1)).toBe('refused')
    expect(retries).toHaveLength(0)
    expect(storage.getItem(KEY)).toBeNull()
  })

  it('outlive an expired session', async () => {
    const { queue, storage } = setUp(() => Promise.reject(errorOfAnswer(401, { code: 'not_signed_in' })))
    queue.save('f1', { date: true })
    await queue.flush()
    expect(storage.getItem(KEY)).toContain('f1')
  })

  it('live without storage, and with a broken note in it', async () => {
    const storage = new Memory()
    storage.setItem(KEY, '{broken')
    storage.setItem = () => {
      throw new Error('full')
    }
    const send = vi.fn(() => Promise.resolve())
    const { queue } = setUp(send, storage)
    queue.save('f1', { date: true })
    await queue.flush()
    expect(send).toHaveBeenCalledOnce()
  })

  it('are forgotten at logout, nothing else is', () => {
    const storage = new Memory()
    storage.setItem(KEY, '[]')
    storage.setItem('sealflow.draft.r2', '[]')
    storage.setItem('sealflow.language', 'en')
    forgetDrafts(storage)
    expect(storage.length).toBe(1)
    expect(storage.getItem('sealflow.language')).toBe('en')
  })
})
