/** How a date or text looks in its field: as near to the signed file as a browser comes without its fonts' widths. */
import type { TextLook } from '@/api/types'

/** As the file is written: the size when none is asked for, where text may be made smaller and where it may not. */
const SIZE_USUAL = 14
const SIZE_FIXED = 10.5
const SIZE_MIN = 4
const SIZE_STEP = 0.5
const LEADING = 1.25
const MARGIN_PT = 2

const INKS = { black: '#000', red: '#d7000f', blue: '#1d3fa8' } as const
const FACES = {
  sans: "'PingFang SC', 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif",
  serif: "'Songti SC', 'Noto Serif CJK SC', SimSun, serif",
} as const

/** How wide text is, in its own size: Chinese characters are squares, others are about half as wide. */
function widthOf(text: string): number {
  return [...text].reduce((sum, character) => sum + (character.codePointAt(0)! < 0x2e80 ? 0.56 : 1), 0)
}

/** Points: what the file will use, up to the difference between its font and the browser's. */
export function sizeOf(text: string, look: TextLook, field: { w: number; h: number }): number {
  const room = Math.max(1, field.w - 2 * MARGIN_PT)
  if (look.overflow === 'refuse') return look.size ?? SIZE_FIXED
  const most = look.size ?? SIZE_USUAL
  if (look.overflow === 'shrink') {
    return Math.max(SIZE_MIN, Math.min(most, field.h / LEADING, room / Math.max(0.5, widthOf(text))))
  }
  if (look.size) return most
  for (let size = most; size > SIZE_MIN; size -= SIZE_STEP) {
    const lines = Math.ceil(widthOf(text) / Math.max(1, Math.floor(room / size)))
    if (lines * size * LEADING <= field.h) return size
  }
  return SIZE_MIN
}

/** For an element that fills the field and whose container is as high as the field is. */
export function lookStyle(text: string, look: TextLook, field: { w: number; h: number }): Record<string, string> {
  const inFields = (points: number) => `${((points / field.h) * 100).toFixed(3)}cqh`
  return {
    width: '100%',
    padding: `0 ${inFields(MARGIN_PT)}`,
    color: INKS[look.color],
    fontFamily: FACES[look.font],
    fontSize: inFields(sizeOf(text, look, field)),
    lineHeight: String(LEADING),
    textAlign: look.align,
    whiteSpace: look.overflow === 'wrap' ? 'pre-wrap' : 'nowrap',
    overflowWrap: 'anywhere',
  }
}
