/** Reading and making field values. */
import type { FieldValue } from '@/api/types'

import type { Drawing } from './strokes'

/** The drawing inside a value, if it is one. */
export function drawingOf(value: FieldValue | null | undefined): Drawing | undefined {
  if (!value || !('strokes' in value) || !value.strokes) return undefined
  const { strokes, width, height } = value
  return strokes.length > 0 && width && height ? { strokes, width, height } : undefined
}

/** The seal's id inside a value, if it is one. */
export function sealOf(value: FieldValue | null | undefined): string | undefined {
  return value && 'seal_id' in value ? (value.seal_id ?? undefined) : undefined
}

/** The text inside a value, if it is one. */
export function textOf(value: FieldValue | null | undefined): string | undefined {
  return value && 'text' in value ? (value.text ?? undefined) : undefined
}

/** Whether the value asks for the day of signing. */
export function isDate(value: FieldValue | null | undefined): boolean {
  return Boolean(value && 'date' in value && value.date)
}

/** Whether the field has been filled. */
export function isFilled(value: FieldValue | null | undefined): boolean {
  return Boolean(drawingOf(value) || sealOf(value) || isDate(value) || textOf(value)?.trim())
}

/** A day as the signed file will show it. */
export function dayText(at: Date): string {
  const two = (n: number) => String(n).padStart(2, '0')
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
}
