import { describe, expect, it } from 'vitest'

import { dateOf, dayText, drawingOf, imageOf, isFilled, sealOf } from '@/signing/fieldValue'

describe('field values', () => {
  it('show the day in China, not the browser’s', () => {
    expect(dayText(new Date('2026-11-23T15:59:59Z'))).toBe('2026-11-23')
    expect(dayText(new Date('2026-11-23T16:00:00Z'))).toBe('2026-11-24')
  })
  it('prefer the day that the server has written down', () => {
    const today = new Date('2026-11-23T20:00:00Z')
    expect(dateOf({ date: '2026-11-20' }, today)).toBe('2026-11-20')
    expect(dateOf({ date: true }, today)).toBe('2026-11-24')
    expect(dateOf({ text: 'x' }, today)).toBeUndefined()
  })
  it('are filled only with something in them', () => {
    for (const value of [undefined, null, { text: ' ' }, { strokes: [], width: 1, height: 1 }, { date: false }]) {
      expect(isFilled(value)).toBe(false)
    }
    const strokes = { strokes: [[{ x: 1, y: 1 }]], width: 10, height: 10 }
    for (const value of [{ text: '同意' }, { date: true }, { seal_id: 's1' }, { signature_id: 'g1' }, strokes]) expect(isFilled(value)).toBe(true)
    expect(drawingOf(strokes)).toEqual(strokes)
    expect(imageOf({ signature_id: 'g1' })).toBe('/api/signatures/g1/image.svg')
    expect(sealOf({ seal_id: 's1' })).toBe('s1')
  })
})
