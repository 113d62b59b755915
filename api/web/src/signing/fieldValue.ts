/** Reading and making field values. */
import type { FieldContent } from '@/api/types'

import type { Drawing } from './strokes'

/** The drawing inside a value, if it is one. */
export function drawingOf(value: FieldContent | undefined): Drawing | undefined {
  if (!value || !('strokes' in value) || !value.strokes) return undefined
  const { strokes, width, height } = value
  return strokes.length > 0 && width && height ? { strokes, width, height } : undefined
}

/** The seal's id inside a value, if it is one. */
export function sealOf(value: FieldContent | undefined): string | undefined {
  return value && 'seal_id' in value ? (value.seal_id ?? undefined) : undefined
}

/** Where the picture of a signature inside a value is, if it is one. */
export function imageOf(value: FieldContent | undefined): string | undefined {
  return value && 'signature_id' in value && value.signature_id ? `/api/signatures/${encodeURIComponent(value.signature_id)}/image.svg` : undefined
}

/** The text inside a value, if it is one. */
export function textOf(value: FieldContent | undefined): string | undefined {
  return value && 'text' in value ? (value.text ?? undefined) : undefined
}

/** The day inside a value as the signed file will show it; the one who fills it today means today. */
export function dateOf(value: FieldContent | undefined, today = new Date()): string | undefined {
  if (!value || !('date' in value) || !value.date) return undefined
  return typeof value.date === 'string' ? value.date : dayText(today)
}

/** Whether the field has been filled. */
export function isFilled(value: FieldContent | undefined): boolean {
  return Boolean(drawingOf(value) || imageOf(value) || sealOf(value) || dateOf(value) || textOf(value)?.trim())
}

const CHINA_OFFSET_MS = 8 * 3_600_000

/** The day in China, where the contracts are signed, wherever the browser is: so the server writes it into the file. */
export function dayText(at: Date): string {
  return new Date(at.getTime() + CHINA_OFFSET_MS).toISOString().slice(0, 10)
}
