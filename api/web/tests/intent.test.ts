import { describe, expect, it } from 'vitest'

import { Intent } from '@/api/intent'
import { ApiError, errorOfAnswer } from '@/api/problem'

const offline = () => Promise.reject(new ApiError('offline', 0))

describe('one intent, one key', () => {
  it('joins a second press to the first', async () => {
    const intent = new Intent()
    const keys: string[] = []
    let answer = (_: string) => {}
    const send = (key: string) => {
      keys.push(key)
      return new Promise<string>((resolve) => (answer = resolve))
    }
    const [first, second] = [intent.run('send', send), intent.run('send', send)]
    answer('done')
    expect(await Promise.all([first, second])).toEqual(['done', 'done'])
    expect(keys).toHaveLength(1)
  })

  it('keeps the key after an unknown outcome, for the same wish only', async () => {
    const intent = new Intent()
    const keys: string[] = []
    const lost = (key: string) => (keys.push(key), offline())
    const arrives = (key: string) => (keys.push(key), Promise.resolve(1))
    await expect(intent.run({ code: '1' }, lost)).rejects.toThrow()
    await intent.run({ code: '1' }, arrives)
    expect(keys[1]).toBe(keys[0])

    await expect(intent.run({ code: '2' }, lost)).rejects.toThrow()
    await intent.run({ code: '3' }, arrives)
    expect(keys[3]).not.toBe(keys[2])
  })

  it('takes a new key after a definite answer', async () => {
    const intent = new Intent()
    const keys: string[] = []
    const refused = (key: string) => (keys.push(key), Promise.reject(errorOfAnswer(422, {})))
    await expect(intent.run('x', refused)).rejects.toThrow()
    await expect(intent.run('x', refused)).rejects.toThrow()
    await intent.run('x', (key) => (keys.push(key), Promise.resolve()))
    await intent.run('x', (key) => (keys.push(key), Promise.resolve()))
    expect(new Set(keys).size).toBe(4)
    expect(keys.every((key) => key.length > 0 && key.length <= 64)).toBe(true)
  })
})
