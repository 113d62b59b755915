import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'

import { ApiError } from '@/api/problem'
import { useCountdown } from '@/composables/useCountdown'
import { SKELETON_AFTER_MS, useLoad } from '@/composables/useLoad'
import { usePolling } from '@/composables/usePolling'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function within<T>(work: () => T): { result: T; stop: () => void } {
  const scope = effectScope()
  return { result: scope.run(work) as T, stop: () => scope.stop() }
}

describe('countdown', () => {
  it('counts full seconds down to zero', () => {
    const { result, stop } = within(() => useCountdown())
    result.start(60)
    expect(result.left.value).toBe(60)
    vi.advanceTimersByTime(59_000)
    expect(result.left.value).toBe(1)
    vi.advanceTimersByTime(1_000)
    expect(result.left.value).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
    stop()
  })

  it('follows the clock when the phone slept', () => {
    let now = 0
    const { result, stop } = within(() => useCountdown(() => now))
    result.start(60)
    now = 45_000
    vi.advanceTimersByTime(250)
    expect(result.left.value).toBe(15)
    stop()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('loading', () => {
  it('shows a skeleton only after 200 ms', async () => {
    let answer = (_: number) => {}
    const { result, stop } = within(() => useLoad(() => new Promise<number>((resolve) => (answer = resolve))))
    const loading = result.load()
    vi.advanceTimersByTime(SKELETON_AFTER_MS - 1)
    expect(result.slow.value).toBe(false)
    vi.advanceTimersByTime(1)
    expect(result.slow.value).toBe(true)
    answer(7)
    await loading
    expect(result.data.value).toBe(7)
    expect(result.slow.value).toBe(false)
    stop()
  })

  it('drops an answer that was overtaken', async () => {
    const answers: ((n: number) => void)[] = []
    const { result, stop } = within(() => useLoad(() => new Promise<number>((resolve) => answers.push(resolve))))
    const [first, second] = [result.load(), result.load()]
    answers[1]?.(2)
    answers[0]?.(1)
    await Promise.all([first, second])
    expect(result.data.value).toBe(2)
    stop()
  })

  it('keeps what is shown when a quiet reload fails', async () => {
    const fetcher = vi.fn<() => Promise<number>>().mockResolvedValueOnce(1).mockRejectedValueOnce(new ApiError('offline', 0))
    const { result, stop } = within(() => useLoad(fetcher))
    await result.load()
    await result.load({ quiet: true })
    expect(result.data.value).toBe(1)
    expect(result.error.value).toBeUndefined()
    stop()
  })
})

describe('polling', () => {
  it('slows down, survives a failed look and stops when done', async () => {
    const look = vi.fn<() => Promise<boolean>>().mockRejectedValueOnce(new Error('x')).mockResolvedValueOnce(false).mockResolvedValue(true)
    const { result, stop } = within(() => usePolling(look, { firstMs: 100, lastMs: 400, factor: 2 }))
    result.start()
    await vi.advanceTimersByTimeAsync(100)
    expect(look).toHaveBeenCalledTimes(1)
    await vi.advanceTimersByTimeAsync(100)
    expect(look).toHaveBeenCalledTimes(2)
    await vi.advanceTimersByTimeAsync(200)
    expect(look).toHaveBeenCalledTimes(3)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(look).toHaveBeenCalledTimes(3)
    stop()
  })
})
