/** The files of a draft: each is uploaded by itself, and each refusal stays beside its file. */
import { computed, onScopeDispose, reactive } from 'vue'

import { body, client, newKey, reportExpired } from '@/api/client'
import { type ApiError, errorOfFailure } from '@/api/problem'
import type { Document } from '@/api/types'
import { FILE_MAX_BYTES, type FileRefusal, isPicture, refusalOf, uploadDocument } from '@/api/upload'

export interface FileRow {
  key: string
  name: string
  size: number
  state: 'waiting' | 'uploading' | 'checking' | 'uploaded' | 'failed'
  percent: number
  /** Refused here, before it was sent. */
  refusal?: FileRefusal
  error?: ApiError
  document?: Document
  /** What is to be sent: one file, or pictures that become one. */
  files?: readonly File[]
  cancel?: () => void
}

/** Pictures that are chosen together are one file, in the order of their names, as cameras and scanners number them. */
export function grouped(files: Iterable<File>): File[][] {
  const all = [...files]
  const numeric = new Intl.Collator('zh-CN', { numeric: true })
  const pictures = all.filter(isPicture).sort((one, other) => numeric.compare(one.name, other.name))
  const others = all.filter((file) => !isPicture(file)).map((file) => [file])
  return pictures.length > 0 ? [...others, pictures] : others
}

/** Whether the same file, sent again, may be taken: what the file itself is refused for does not change. */
export function mayRetry(row: Pick<FileRow, 'state' | 'refusal' | 'error'>): boolean {
  if (row.state !== 'failed' || row.refusal) return false
  return row.error === undefined || !['refused', 'forbidden', 'gone', 'missing'].includes(row.error.kind)
}

export function useFiles(ensureDraft: () => Promise<string>) {
  const rows = reactive<FileRow[]>([])
  const uploaded = computed(() => rows.filter((row) => row.state === 'uploaded'))
  const busy = computed(() => rows.some((row) => ['waiting', 'uploading', 'checking'].includes(row.state)))
  let queue: Promise<void> = Promise.resolve()

  /** Takes the files up in their order; one is uploaded at a time, so that the documents keep it. */
  function add(files: Iterable<File>): void {
    for (const group of grouped(files)) {
      const size = group.reduce((sum, file) => sum + file.size, 0)
      rows.push({ key: newKey(), name: group[0]?.name ?? '', size, state: 'waiting', percent: 0, files: group })
      const row = rows.at(-1)
      if (row) queue = queue.then(() => upload(row))
    }
  }

  function retry(row: FileRow): void {
    if (!mayRetry(row)) return
    row.state = 'waiting'
    row.error = undefined
    queue = queue.then(() => upload(row))
  }

  async function upload(row: FileRow): Promise<void> {
    if (row.state !== 'waiting' || !row.files || !rows.includes(row)) return
    for (const file of row.files) row.refusal ??= await refusalOf(file)
    if (row.size > FILE_MAX_BYTES) row.refusal ??= 'too_large'
    if (row.refusal) {
      row.state = 'failed'
      return
    }
    try {
      const contractId = await ensureDraft()
      row.state = 'uploading'
      row.percent = 0
      const sending = uploadDocument(contractId, row.files, row.key, (part) => {
        row.percent = Math.round(part * 100)
        if (part >= 1) row.state = 'checking'
      })
      row.cancel = sending.cancel
      row.document = await sending.done
      row.state = 'uploaded'
      row.files = undefined
    } catch (cause) {
      row.error = errorOfFailure(cause)
      reportExpired(row.error)
      row.state = 'failed'
      if (!row.error.unknownOutcome) row.key = newKey()
    } finally {
      row.cancel = undefined
    }
  }

  async function remove(row: FileRow): Promise<void> {
    row.cancel?.()
    if (row.document) {
      const path = { contract_id: await ensureDraft(), document_id: row.document.id }
      try {
        await body(client.DELETE('/api/contracts/{contract_id}/documents/{document_id}', { params: { path } }))
      } catch (cause) {
        const error = errorOfFailure(cause)
        if (error.kind !== 'missing') {
          row.error = error
          return
        }
      }
    }
    const at = rows.indexOf(row)
    if (at >= 0) rows.splice(at, 1)
  }

  /** Shows the documents that a draft already has. */
  function take(documents: readonly Document[]): void {
    rows.splice(0)
    for (const document of documents) {
      rows.push({ key: document.id, name: document.name, size: document.size_bytes, state: 'uploaded', percent: 100, document })
    }
  }

  onScopeDispose(() => rows.forEach((row) => row.cancel?.()))
  return { rows, uploaded, busy, add, retry, remove, take }
}
