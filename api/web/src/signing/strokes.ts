/**
 * A drawn signature as data: strokes in a box of their own, independent of the screen, the finger's speed as line width.
 * The server draws the same strokes into the PDF.
 */

export interface Point {
  x: number
  y: number
  /** Line width at this point, in the unit of x and y. */
  w?: number | null
}

export type Stroke = Point[]

/** `width` and `height` bound all points. */
export interface Drawing {
  strokes: Stroke[]
  width: number
  height: number
}

/** What a pad reports: a position in CSS pixels and a time. */
export interface RawPoint {
  x: number
  y: number
  time: number
}

/** The longer side of a normalised drawing. */
export const LONG_SIDE = 600
/** More points than this tell nothing more about a signature. */
export const MAX_POINTS = 3_000
/** The server takes no more strokes than this. */
export const MAX_STROKES = 200
/** A drawing with less ink is a slip of the finger. In pixels of the pad. */
export const MIN_INK_PX = 24

const MIN_WIDTH = 1.6
const MAX_WIDTH = 4.4
const SMOOTHING = 0.7
/** Points nearer than this to their predecessor are dropped, in pixels of the pad. */
const MIN_STEP_PX = 1

/** Turns a pad's strokes that were drawn with the phone held sideways (its top to the left) upright. */
export function turnUpright(strokes: RawPoint[][], padWidth: number): RawPoint[][] {
  return strokes.map((stroke) => stroke.map(({ x, y, time }) => ({ x: y, y: padWidth - x, time })))
}

/** The reverse of `turnUpright`. */
export function turnSideways(strokes: RawPoint[][], padWidth: number): RawPoint[][] {
  return strokes.map((stroke) => stroke.map(({ x, y, time }) => ({ x: padWidth - y, y: x, time })))
}

/** Length of all strokes in pixels of the pad; a dot counts as one pixel. */
export function inkLength(strokes: RawPoint[][]): number {
  let length = 0
  for (const stroke of strokes) {
    length += 1
    for (let i = 1; i < stroke.length; i += 1) {
      const [from, to] = [stroke[i - 1]!, stroke[i]!]
      length += Math.hypot(to.x - from.x, to.y - from.y)
    }
  }
  return length
}

/** Slow is thick, fast is thin, as with a pen. */
function withWidths(stroke: RawPoint[]): Required<{ [K in keyof Point]: number }>[] {
  let speed = 0
  let last: RawPoint | undefined
  const points: { x: number; y: number; w: number }[] = []
  for (const point of stroke) {
    if (last) {
      const distance = Math.hypot(point.x - last.x, point.y - last.y)
      if (distance < MIN_STEP_PX && point !== stroke.at(-1)) continue
      const now = distance / Math.max(1, point.time - last.time)
      speed = SMOOTHING * now + (1 - SMOOTHING) * speed
    }
    points.push({ x: point.x, y: point.y, w: Math.max(MIN_WIDTH, MAX_WIDTH / (speed + 1)) })
    last = point
  }
  return points
}

/** Keeps the ends of each stroke and every n-th point between them. */
function thin<T>(strokes: T[][], limit: number): T[][] {
  const total = strokes.reduce((sum, stroke) => sum + stroke.length, 0)
  if (total <= limit) return strokes
  const every = Math.ceil(total / limit) + 1
  return strokes.map((stroke) => stroke.filter((_, i) => i === 0 || i === stroke.length - 1 || i % every === 0))
}

const rounded = (value: number) => Math.round(value * 100) / 100

/**
 * Crops to the ink with a small margin and scales so that the longer side is `LONG_SIDE`: a small and a large screen give
 * the same drawing. Answers undefined when there is too little ink.
 */
export function normalise(raw: RawPoint[][]): Drawing | undefined {
  const drawn = raw.filter((stroke) => stroke.length > 0).slice(0, MAX_STROKES)
  if (inkLength(drawn) < MIN_INK_PX) return undefined
  const strokes = thin(drawn.map(withWidths), MAX_POINTS)
  const all = strokes.flat()
  const left = Math.min(...all.map((p) => p.x - p.w))
  const top = Math.min(...all.map((p) => p.y - p.w))
  const right = Math.max(...all.map((p) => p.x + p.w))
  const bottom = Math.max(...all.map((p) => p.y + p.w))
  const scale = LONG_SIDE / Math.max(right - left, bottom - top)
  return {
    strokes: strokes.map((stroke) =>
      stroke.map((p) => ({ x: rounded((p.x - left) * scale), y: rounded((p.y - top) * scale), w: rounded(p.w * scale) })),
    ),
    width: rounded((right - left) * scale),
    height: rounded((bottom - top) * scale),
  }
}
