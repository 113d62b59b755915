import { describe, expect, it } from 'vitest'

import { pagesBefore, readingDone, recall, remember } from '@/signing/reading'

describe('forced reading', () => {
  it('asks for the last page and the time, both', () => {
    expect(readingDone({ pages: 3, seconds: 10 }, 3, 10)).toBe(true)
    expect(readingDone({ pages: 2, seconds: 10 }, 3, 10)).toBe(false)
    expect(readingDone({ pages: 3, seconds: 9 }, 3, 10)).toBe(false)
    expect(readingDone({ pages: 0, seconds: 10 }, 0, 0)).toBe(false)
  })
  it('counts the pages of the documents before', () => {
    const documents = [{ page_count: 3 }, { page_count: 5 }]
    expect([0, 1, 2].map((i) => pagesBefore(documents, i))).toEqual([0, 3, 8])
  })
  it('remembers over a reload, for this recipient only', () => {
    remember(sessionStorage, 'r1', { pages: 4, seconds: 12 })
    expect(recall(sessionStorage, 'r1')).toEqual({ pages: 4, seconds: 12 })
    expect(recall(sessionStorage, 'r2')).toEqual({ pages: 0, seconds: 0 })
    sessionStorage.setItem('sealflow.reading.r3', 'broken')
    expect(recall(sessionStorage, 'r3')).toEqual({ pages: 0, seconds: 0 })
  })
})
