import { describe, expect, it } from 'vitest'

import { LONG_SIDE, MAX_POINTS, type RawPoint, inkLength, normalise, turnSideways, turnUpright } from '@/signing/strokes'

const line = (x1: number, y1: number, x2: number, y2: number, n = 20, ms = 10): RawPoint[] =>
  Array.from({ length: n }, (_, i) => ({ x: x1 + ((x2 - x1) * i) / (n - 1), y: y1 + ((y2 - y1) * i) / (n - 1), time: i * ms }))

describe('stroke normalisation', () => {
  it('crops to the ink and scales to one size', () => {
    const drawing = normalise([line(100, 50, 300, 150)])
    expect(drawing?.width).toBeCloseTo(LONG_SIDE, 0)
    expect(drawing?.height).toBeLessThan(drawing?.width ?? 0)
    for (const point of drawing?.strokes.flat() ?? []) {
      expect(point.x - (point.w ?? 0)).toBeGreaterThanOrEqual(-0.1)
      expect(point.x + (point.w ?? 0)).toBeLessThanOrEqual((drawing?.width ?? 0) + 0.1)
      expect(point.y + (point.w ?? 0)).toBeLessThanOrEqual((drawing?.height ?? 0) + 0.1)
    }
  })

  it('does not depend on where on the pad it was drawn', () => {
    expect(normalise([line(10, 10, 110, 60)])).toEqual(normalise([line(210, 310, 310, 360)]))
  })

  it('makes slow strokes thicker than fast ones', () => {
    const width = (ms: number) => normalise([line(0, 0, 200, 50, 20, ms)])?.strokes[0]?.[10]?.w ?? 0
    expect(width(100)).toBeGreaterThan(width(2))
  })

  it('refuses nothing and a slip of the finger, and accepts a small name', () => {
    expect(normalise([])).toBeUndefined()
    expect(normalise([[]])).toBeUndefined()
    expect(normalise([line(5, 5, 9, 9)])).toBeUndefined()
    expect(normalise([line(5, 5, 40, 20)])).toBeDefined()
  })

  it('keeps within the limit of points, with the ends of every stroke', () => {
    const long = Array.from({ length: 4 }, (_, i) => line(0, i * 40, 4_000, i * 40 + 900, 4_000))
    const drawing = normalise(long)
    expect(drawing?.strokes.flat().length).toBeLessThanOrEqual(MAX_POINTS)
    expect(drawing?.strokes).toHaveLength(4)
    expect(drawing?.strokes[0]?.[0]?.x).toBeLessThan(5)
    expect(drawing?.strokes[0]?.at(-1)?.x).toBeGreaterThan(LONG_SIDE - 5)
  })

  it('turns what was drawn on a sideways pad upright', () => {
    // Held sideways, writing to the right runs down the screen, and the upper edge is the screen's right edge.
    const [stroke] = turnUpright([[{ x: 390, y: 0, time: 0 }, { x: 390, y: 800, time: 1 }]], 390)
    expect(stroke).toEqual([{ x: 0, y: 0, time: 0 }, { x: 800, y: 0, time: 1 }])
  })

  it('turns there and back without loss', () => {
    const strokes = [line(4, 8, 300, 696, 5), line(20, 30, 40, 10, 3)]
    expect(turnSideways(turnUpright(strokes, 390), 390)).toEqual(strokes)
  })

  it('measures ink over all strokes', () => {
    expect(inkLength([line(0, 0, 30, 40), line(0, 0, 0, 10)])).toBeCloseTo(62)
  })
})
