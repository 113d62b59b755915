/** Fields that the sender places: where they go at first, how they move, and what would be refused. */
import type { Document, FieldKind, PlacedField, RoleField, TextLook } from '@/api/types'

/** A page as shown, in millimetres. */
export interface PageMm {
  w: number
  h: number
}

export type PlacedEntry = PlacedField & { key: string }

export const KINDS: readonly FieldKind[] = ['signature', 'seal', 'date', 'text', 'cross_page_seal']
/** Most fields of a draft. */
export const FIELDS_MAX = 200
/** Most pages under one cross-page seal. */
const SPAN_PAGES_MAX = 500
/** What the server takes, in millimetres. */
export const LIMITS_MM = { w: { min: 5, max: 500 }, h: { min: 3, max: 500 } } as const
const A4: PageMm = { w: 210, h: 297 }
const GAP_MM = 4
const MM_PER_POINT = 25.4 / 72
const SIZES: Record<FieldKind, { w: number; h: number }> = {
  signature: { w: 40, h: 18 }, seal: { w: 42, h: 42 }, date: { w: 40, h: 8 }, text: { w: 60, h: 8 }, cross_page_seal: { w: 42, h: 42 },
}
export const LOOK: TextLook = { font: 'sans', size: null, color: 'black', align: 'left', overflow: 'shrink' }

export const pageMm = (points: { width: number; height: number }): PageMm => ({ w: points.width * MM_PER_POINT, h: points.height * MM_PER_POINT })
export const isSeal = (kind: FieldKind): boolean => kind === 'seal' || kind === 'cross_page_seal'
export const isText = (kind: FieldKind): boolean => kind === 'date' || kind === 'text'
/** Seals belong to organizations. */
export const kindsOf = (party: 'person' | 'organization'): FieldKind[] =>
  KINDS.filter((kind) => party === 'organization' || !isSeal(kind))

const round = (mm: number): number => Math.round(mm * 10) / 10
const within = (value: number, most: number): number => round(Math.min(Math.max(0, value), Math.max(0, most)))

/** The nearest place on the page; a cross-page seal stands at the edge, so only its height counts. */
export function moved(entry: PlacedEntry, to: { x?: number; y?: number }, page: PageMm = A4): { x_mm: number; y_mm: number } {
  const y_mm = within(to.y ?? entry.y_mm, page.h - entry.h_mm)
  return { x_mm: entry.kind === 'cross_page_seal' ? 0 : within(to.x ?? entry.x_mm, page.w - entry.w_mm), y_mm }
}

/** The nearest size with which it stays on the page and the server takes it; a seal keeps its proportion. */
export function resized(entry: PlacedEntry, to: { w: number; h: number }, page: PageMm = A4): { w_mm: number; h_mm: number } {
  const between = (value: number, { min, max }: { min: number; max: number }, room: number) => round(Math.max(min, Math.min(value, max, room)))
  const [wide, high] = [page.w - entry.x_mm, page.h - entry.y_mm]
  if (!isSeal(entry.kind)) return { w_mm: between(to.w, LIMITS_MM.w, wide), h_mm: between(to.h, LIMITS_MM.h, high) }
  const by = Math.min(Math.max(to.w / entry.w_mm, to.h / entry.h_mm), wide / entry.w_mm, high / entry.h_mm)
  return { w_mm: between(entry.w_mm * by, LIMITS_MM.w, wide), h_mm: between(entry.h_mm * by, LIMITS_MM.h, high) }
}

const overlap = (one: PlacedEntry, other: PlacedEntry): boolean =>
  one.x_mm < other.x_mm + other.w_mm && other.x_mm < one.x_mm + one.w_mm && one.y_mm < other.y_mm + other.h_mm && other.y_mm < one.y_mm + one.h_mm

export interface Wanted {
  key: string
  role: string
  kind: FieldKind
  page: number
  document_id?: string
}

/** A new field: as large as the contract type has this role's, where that one would be, and below what is there already. */
export function newEntry(wanted: Wanted, ofType: readonly RoleField[], others: readonly PlacedEntry[], page: PageMm = A4): PlacedEntry {
  const like = ofType.find((field) => field.kind === wanted.kind)
  const size = like ? { w: like.w_mm, h: like.h_mm } : SIZES[wanted.kind]
  const start = like ? { x: like.x_mm, y: like.y_mm } : { x: (page.w - size.w) / 2, y: page.h / 3 }
  const crosses = wanted.kind === 'cross_page_seal'
  const entry: PlacedEntry = {
    ...wanted, page: crosses ? 1 : wanted.page, x_mm: 0, y_mm: 0, w_mm: size.w, h_mm: size.h,
    ...(crosses ? { edge: 'right' } : {}), ...(isText(wanted.kind) ? { style: { ...LOOK } } : {}),
  }
  Object.assign(entry, moved(entry, start, page))
  const near = others.filter((each) => each.page === entry.page && each.kind !== 'cross_page_seal' && each.document_id === entry.document_id)
  const taken = crosses ? others.filter((each) => each.kind === 'cross_page_seal') : near
  // Down the page, and from its top again; on a full page it lies over others, where it can be moved from.
  for (let tries = 0; tries < 40 && taken.some((each) => overlap(entry, each)); tries += 1) {
    const below = entry.y_mm + entry.h_mm + GAP_MM
    entry.y_mm = below + entry.h_mm > page.h ? 0 : round(below)
  }
  return entry
}

const isOn = (entry: PlacedField, document: Document): boolean => !entry.document_id || entry.document_id === document.id

/** Why it would be refused, as a key of the messages; the edges of pages are looked at while it is moved, and by the server. */
export function problemOf(entry: PlacedField, documents: readonly Document[]): 'page_missing' | 'span_pages' | undefined {
  const on = documents.filter((document) => isOn(entry, document))
  if (entry.kind !== 'cross_page_seal') return on.some((document) => entry.page > document.page_count) ? 'page_missing' : undefined
  const covered = (document: Document) => (entry.to_page ?? document.page_count) - entry.page + 1
  if (on.some((document) => (entry.to_page ?? 0) > document.page_count)) return 'page_missing'
  return on.some((document) => covered(document) < 2 || covered(document) > SPAN_PAGES_MAX) ? 'span_pages' : undefined
}

/** The narrowest part of a cross-page seal, 3 mm; of a longer file several impressions are made. */
const SLICE_POINTS_MIN = 8.504
const STEP_DOWN = 1.1

export interface SliceMm {
  y: number
  w: number
  left: boolean
}

/** The parts of a cross-page seal on a page, as the server will cut it: two where one impression ends and the next begins. */
export function slicesOn(entry: PlacedField, page: number, pages: readonly PageMm[]): SliceMm[] {
  const first = entry.page
  const last = Math.min(entry.to_page ?? pages.length, pages.length)
  const size = pages[page - 1]
  const start = pages[first - 1]
  if (last <= first || page < first || page > last || !size || !start) return []
  const steps = last - first
  const most = Math.max(2, Math.min(SPAN_PAGES_MAX, Math.floor(entry.w_mm / (SLICE_POINTS_MIN * MM_PER_POINT))))
  const impressions = Math.ceil(steps / (most - 1))
  const pageAt = (impression: number) => first + Math.floor((impression * steps) / impressions)
  const found: SliceMm[] = []
  for (let impression = 0; impression < impressions; impression += 1) {
    const [from, to] = [pageAt(impression), pageAt(impression + 1)]
    if (page < from || page > to) continue
    // Heights are counted from the lower edge, as the first page has them.
    const own = start.h - entry.y_mm - entry.h_mm
    const step = entry.h_mm * STEP_DOWN
    const other = own >= step ? own - step : own + step
    const above = Math.min(impression % 2 === 1 ? other : own, size.h - entry.h_mm)
    found.push({ y: size.h - above - entry.h_mm, w: entry.w_mm / (to - from + 1), left: entry.edge === 'left' })
  }
  return found
}

/** Which entry a refusal is about, by the position in what was sent. */
export function indexOfProblem(path: string): number | undefined {
  const found = /^fields\[(\d+)\]/.exec(path)
  return found ? Number(found[1]) : undefined
}

/** As it is sent. */
export function placedOf({ key: _, ...placed }: PlacedEntry): PlacedField {
  return placed
}
