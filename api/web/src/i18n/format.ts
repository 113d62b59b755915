/** Times, sizes and durations, in full and the same everywhere. */

const two = (n: number) => String(n).padStart(2, '0')

/** `2026-11-23 14:05`, in the reader's time zone. */
export function timeText(atMs: number | null | undefined): string {
  if (atMs === null || atMs === undefined) return '—'
  const at = new Date(atMs)
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`
}

/** `14:05:09`. */
export function clockText(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

/** A duration's largest unit and its count, for the messages under `duration`. */
export function durationParts(ms: number): { unit: 'seconds' | 'minutes' | 'hours' | 'days'; n: number } {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return { unit: 'seconds', n: seconds }
  if (seconds < 7_200) return { unit: 'minutes', n: Math.floor(seconds / 60) }
  if (seconds < 172_800) return { unit: 'hours', n: Math.floor(seconds / 3_600) }
  return { unit: 'days', n: Math.floor(seconds / 86_400) }
}

/** A file's size and the message that says it. */
export function sizeParts(bytes: number): { key: 'common.bytes' | 'common.bytes_small'; size: string } {
  if (bytes >= 1_000_000) return { key: 'common.bytes', size: (bytes / 1_000_000).toFixed(1) }
  return { key: 'common.bytes_small', size: Math.max(1, Math.round(bytes / 1_000)).toString() }
}

/** Strips what people put around a mobile number and answers the 11 digits, or undefined. */
export function mobileOf(text: string): string | undefined {
  const digits = text.normalize('NFKC').replace(/[\s-]/g, '').replace(/^(\+86|0086|86(?=1\d{10}$))/, '')
  return /^1[3-9]\d{9}$/.test(digits) ? digits : undefined
}
