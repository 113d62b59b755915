import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'

import { errorOfAnswer } from '@/api/problem'
import type { Document, RoleField } from '@/api/types'
import { i18n } from '@/i18n'
import { kindsOf, moved, newEntry, type PlacedEntry, placedOf, problemOf, resized, slicesOn } from '@/pc/compose/placing'
import PlacedBox from '@/pc/compose/PlacedBox.vue'
import { usePlacing } from '@/pc/compose/usePlacing'
import FieldBox from '@/signing/FieldBox.vue'
import { lookStyle, sizeOf } from '@/signing/textLook'

const global = { plugins: [i18n] }
const A4 = { w: 210, h: 297 }
const entry = (more: Partial<PlacedEntry> = {}): PlacedEntry => ({
  key: 'k', role: 'buyer', kind: 'signature', page: 1, x_mm: 20, y_mm: 30, w_mm: 40, h_mm: 18, ...more,
})
const across = (more: Partial<PlacedEntry> = {}) => entry({ kind: 'cross_page_seal', x_mm: 0, y_mm: 100, w_mm: 42, h_mm: 42, edge: 'right', ...more })
const file = (id: string, pages: number) => ({ id, page_count: pages }) as Document

describe('a new field', () => {
  const ofType: RoleField[] = [{ kind: 'signature', page: 'last', x_mm: 120, y_mm: 98, w_mm: 54, h_mm: 24 }]
  const wanted = { key: 'n', role: 'buyer', kind: 'signature' as const, page: 2 }
  it('is as large as the contract type has it, and below what is there', () => {
    const first = newEntry(wanted, ofType, [], A4)
    expect(first).toMatchObject({ page: 2, x_mm: 120, y_mm: 98, w_mm: 54, h_mm: 24 })
    expect(newEntry(wanted, ofType, [first], A4)).toMatchObject({ x_mm: 120, y_mm: 126 })
    expect(newEntry({ ...wanted, page: 3 }, ofType, [first], A4).y_mm).toBe(98)
  })
  it('lies on the page, however small the page is', () => {
    const placed = newEntry(wanted, ofType, [], { w: 100, h: 60 })
    expect(placed.x_mm + placed.w_mm).toBeLessThanOrEqual(100)
    expect(placed.y_mm + placed.h_mm).toBeLessThanOrEqual(60)
  })
  it('has only the settings of its kind', () => {
    expect(newEntry({ ...wanted, kind: 'cross_page_seal' }, [], [], A4)).toMatchObject({ page: 1, edge: 'right' })
    expect(newEntry({ ...wanted, kind: 'cross_page_seal' }, [], [], A4)).not.toHaveProperty('style')
    expect(newEntry({ ...wanted, kind: 'text' }, [], [], A4).style?.overflow).toBe('shrink')
    for (const name of ['style', 'edge']) expect(newEntry(wanted, [], [], A4)).not.toHaveProperty(name)
    expect(kindsOf('person')).not.toContain('seal')
    expect(kindsOf('person')).not.toContain('cross_page_seal')
    expect(kindsOf('organization')).toHaveLength(5)
    expect(placedOf(entry())).not.toHaveProperty('key')
  })
})

describe('placed fields', () => {
  it('stop at the edges of the page', () => {
    expect(moved(entry(), { x: -5, y: 400 }, A4)).toEqual({ x_mm: 0, y_mm: 279 })
    expect(moved(entry(), { x: 500 }, A4)).toEqual({ x_mm: 170, y_mm: 30 })
    expect(moved(across(), { x: 50, y: 120.04 }, A4)).toEqual({ x_mm: 0, y_mm: 120 })
  })
  it('are sized within the page and what the server takes, and seals keep their proportion', () => {
    expect(resized(entry(), { w: 60.04, h: 30 }, A4)).toEqual({ w_mm: 60, h_mm: 30 })
    expect(resized(entry(), { w: -10, h: 1 }, A4)).toEqual({ w_mm: 5, h_mm: 3 })
    expect(resized(entry(), { w: 900, h: 900 }, A4)).toEqual({ w_mm: 190, h_mm: 267 })
    const seal = entry({ kind: 'seal', w_mm: 40, h_mm: 30 })
    expect(resized(seal, { w: 60, h: 31 }, A4)).toEqual({ w_mm: 60, h_mm: 45 })
    expect(resized(seal, { w: 900, h: 900 }, { w: 100, h: 75 })).toEqual({ w_mm: 60, h_mm: 45 })
  })
  it('are refused before they are sent when no file can have them', () => {
    const files = [file('a', 4), file('b', 1)]
    expect(problemOf(entry({ page: 4 }), files)).toBe('page_missing')
    expect(problemOf(entry({ page: 4, document_id: 'a' }), files)).toBeUndefined()
    expect(problemOf(across(), files)).toBe('span_pages')
    expect(problemOf(across({ document_id: 'a' }), files)).toBeUndefined()
    expect(problemOf(across({ document_id: 'a', page: 3, to_page: 2 }), files)).toBe('span_pages')
    expect(problemOf(across({ document_id: 'a', to_page: 5 }), files)).toBe('page_missing')
    expect(problemOf(across(), [file('c', 501)])).toBe('span_pages')
    expect(problemOf(across(), [file('c', 500)])).toBeUndefined()
  })
  it('go with their file and their role, and keep what the server said until they change', () => {
    const placing = usePlacing()
    placing.take([placedOf(entry({ document_id: 'a' })), placedOf(entry()), placedOf(entry({ role: 'supplier' }))])
    placing.keepOnly(['buyer'], [file('b', 1)])
    expect(placing.entries.map((each) => [each.role, each.document_id])).toEqual([['buyer', undefined]])
    placing.sent()
    placing.refused(errorOfAnswer(422, { code: 'field_misplaced', fields: [{ field: 'fields[0]', message: '签署区不在文件页面之内' }] }))
    const one = placing.entries[0]!
    expect(placing.refusals.get(one.key)).toBe('签署区不在文件页面之内')
    placing.change(one, { y_mm: 10 })
    expect(placing.refusals.size).toBe(0)
  })
})

describe('a cross-page seal', () => {
  const pages = (count: number) => Array.from({ length: count }, () => A4)
  it('has one part on each of its pages', () => {
    const seal = across({ page: 2, to_page: 4 })
    expect([1, 2, 3, 4, 5].map((page) => slicesOn(seal, page, pages(5)).length)).toEqual([0, 1, 1, 1, 0])
    expect(slicesOn(seal, 2, pages(5))[0]).toMatchObject({ w: 14, left: false })
    expect(slicesOn(seal, 2, pages(5))[0]?.y).toBeCloseTo(100)
  })
  it('is stamped again, at another height, where a file is long', () => {
    const found = pages(20).map((_, n) => slicesOn(across(), n + 1, pages(20)))
    expect(found.every((here) => here.length > 0)).toBe(true)
    const meeting = found.find((here) => here.length === 2)!
    expect(meeting[1]!.y - meeting[0]!.y).toBeCloseTo(42 * 1.1)
    expect(Math.min(...found.flat().map((slice) => slice.w))).toBeGreaterThanOrEqual(3)
  })
  it('shows the part of its picture that the page has, and the keyboard stops once', async () => {
    const field = { id: 'f', document_id: 'd', kind: 'cross_page_seal', page: 1, x: 0, y: 0, w: 120, h: 120, required: true }
    const slice = { page: 3, x: 0, y: 0, w: 30, h: 120, index: 2, count: 4 }
    const seals = [{ id: 's', name: '合同专用章', kind: 'contract', svg_url: '/s.svg' }]
    const box = { left: 0, top: 0, width: 10, height: 10 }
    const wrapper = mount(FieldBox, { global, props: { field: field as never, slice, box, seals: seals as never, further: true, value: { seal_id: 's' } } })
    expect(wrapper.find('img').attributes('style')).toContain('left: -200%; width: 400%')
    expect(wrapper.attributes('aria-label')).toContain('第 3 页，骑缝章，已填写')
    expect(wrapper.attributes('tabindex')).toBe('-1')
    await wrapper.setProps({ further: false })
    expect(wrapper.attributes('tabindex')).toBeUndefined()
  })
})

describe('PlacedBox', () => {
  it('is moved and removed by keys alone', async () => {
    const wrapper = mount(PlacedBox, { global, props: { entry: entry(), page: A4, widthPx: 420, label: '采购方，签名', words: '签名', chosen: true, color: '#1677ff' } })
    await wrapper.trigger('keydown', { key: 'ArrowRight' })
    await wrapper.trigger('keydown', { key: 'ArrowUp', shiftKey: true })
    expect(wrapper.emitted('move')).toEqual([[{ x: 21, y: 30 }], [{ x: 20, y: 20 }]])
    await wrapper.trigger('keydown', { key: 'a' })
    expect(wrapper.emitted('remove')).toBeUndefined()
    await wrapper.trigger('keydown', { key: 'Delete' })
    expect(wrapper.emitted('remove')).toHaveLength(1)
  })
})

describe('text in a field', () => {
  const field = { w: 104, h: 40 }
  const look = { font: 'serif', size: 12, color: 'red', align: 'right', overflow: 'shrink' } as const
  it('is set smaller, broken, or left as it is, as the sender wants', () => {
    expect(sizeOf('同意', look, field)).toBe(12)
    expect(sizeOf('一二三四五六七八九十', look, field)).toBe(10)
    expect(sizeOf('一二三四五六七八九十', { ...look, overflow: 'refuse' }, field)).toBe(12)
    expect(sizeOf('一二三四五六七八九十', { ...look, size: null, overflow: 'wrap' }, field)).toBe(14)
    expect(sizeOf('字'.repeat(500), look, field)).toBe(4)
  })
  it('has the colour and the place that the sender chose', () => {
    expect(lookStyle('同意', look, field)).toMatchObject({ color: '#d7000f', textAlign: 'right', whiteSpace: 'nowrap', fontSize: '30.000cqh' })
    expect(lookStyle('同意', { ...look, overflow: 'wrap' }, field).whiteSpace).toBe('pre-wrap')
  })
})
