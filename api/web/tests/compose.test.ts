import { describe, expect, it } from 'vitest'

import { errorOfAnswer, errorOfFailure } from '@/api/problem'
import { FILE_MAX_BYTES, refusalOf } from '@/api/upload'
import { boxOf, pixelRatio } from '@/signing/pdf'
import { grouped, mayRetry } from '@/pc/compose/useFiles'
import { type RecipientEntry, recipientProblems } from '@/pc/compose/useCompose'

const entry = (more: Partial<RecipientEntry> = {}): RecipientEntry => ({
  role: 'supplier', title: '乙方', kind: 'person', name: '示例签署人', phone: '13900000001', organization_id: '', ...more,
})

describe('recipients', () => {
  it('are accepted when complete', () => {
    const one = entry()
    expect(recipientProblems(one, [one])).toEqual({})
  })
  it('need name, mobile number, and an organization where one acts', () => {
    const one = entry({ kind: 'organization', name: ' ', phone: '1390000' })
    expect(Object.keys(recipientProblems(one, [one])).sort()).toEqual(['name', 'organization_id', 'phone'])
  })
  it('may not share a phone', () => {
    const [one, two] = [entry(), entry({ phone: '+86 139 0000 0001' })]
    expect(recipientProblems(two, [one, two]).phone).toBe('compose.same_phone')
  })
})

describe('files', () => {
  const pdf = (size = 0) => new File(['%PDF-1.7\n', new Uint8Array(size)], 'a.pdf')
  it('are refused before they are sent when they cannot be right', async () => {
    expect(await refusalOf(pdf())).toBeUndefined()
    expect(await refusalOf(new File([], 'a.pdf'))).toBe('empty_file')
    expect(await refusalOf(new File(['hello'], 'a.pdf'))).toBe('not_pdf')
    const large = pdf()
    Object.defineProperty(large, 'size', { value: FILE_MAX_BYTES + 1 })
    expect(await refusalOf(large)).toBe('too_large')
  })
  it('may be Word files and pictures', async () => {
    const file = (...bytes: number[]) => new File([new Uint8Array(bytes)], 'a')
    expect(await refusalOf(file(0x50, 0x4b, 3, 4))).toBeUndefined()
    expect(await refusalOf(file(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10))).toBeUndefined()
    expect(await refusalOf(file(0xff, 0xd8, 0xff, 0xe0))).toBeUndefined()
    expect(await refusalOf(file(0x47, 0x49, 0x46, 0x38))).toBe('not_pdf')
    // Encrypted or of the old kind: it is said how to save it.
    expect(await refusalOf(file(0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1))).toBe('old_word')
  })
  it('are one file when they are pictures that were chosen together', () => {
    const file = (name: string, type = '') => new File(['x'], name, { type })
    const names = grouped([
      file('p10.jpg', 'image/jpeg'), file('a.pdf', 'application/pdf'), file('p9.jpg', 'image/jpeg'), file('b.docx'),
    ]).map((group) => group.map((each) => each.name))
    expect(names).toEqual([['a.pdf'], ['b.docx'], ['p9.jpg', 'p10.jpg']])
  })
})

describe('fields on a page', () => {
  const viewport = { width: 595, height: 842 }
  it('are measured from the lower left corner of the page as shown', () => {
    const box = boxOf({ x: 0, y: 0, w: 59.5, h: 84.2 }, viewport)
    expect(box.left).toBeCloseTo(0)
    expect(box.top).toBeCloseTo(90)
    expect(box.width).toBeCloseTo(10)
    expect(box.height).toBeCloseTo(10)
  })
  it('are drawn sharp, but never on a canvas that a phone cannot hold', () => {
    expect(pixelRatio(390, 552, 3)).toBe(3)
    const ratio = pixelRatio(2_000, 2_800, 3)
    expect(2_000 * 2_800 * ratio * ratio).toBeLessThanOrEqual(8_000_001)
  })
})

describe('a file that was not uploaded', () => {
  const failed = (error?: ReturnType<typeof errorOfFailure>, refusal?: 'old_word') => mayRetry({ state: 'failed', error, refusal })
  it('may be sent again where that can help', () => {
    expect(failed(errorOfFailure(new TypeError('Failed to fetch')))).toBe(true)
    for (const status of [429, 500, 503]) expect(failed(errorOfAnswer(status, {})), String(status)).toBe(true)
  })
  it('is to be another one where the file itself was refused', () => {
    for (const code of ['file_word_unusable', 'file_not_pdf', 'file_damaged']) expect(failed(errorOfAnswer(422, { code })), code).toBe(false)
    for (const status of [403, 404, 410, 413]) expect(failed(errorOfAnswer(status, {})), String(status)).toBe(false)
    expect(failed(undefined, 'old_word')).toBe(false)
    expect(mayRetry({ state: 'uploading' })).toBe(false)
  })
})
