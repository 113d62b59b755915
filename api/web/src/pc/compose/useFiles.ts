/** The files of a draft: each is uploaded by itself, and each refusal stays beside its file. */
import { computed, onScopeDispose, reactive } from 'vue'

import { body, client, newKey, reportExpired } from '@/api/client'
import { type ApiError, errorOfFailure } from '@/api/problem'
import type { Document } from '@/api/types'
import { refusalOf, uploadDocument } from '@/api/upload'

export interface FileRow {
  key: string
  name: string
  size: number
  state: 'waiting' | 'uploading' | 'checking' | 'uploaded' | 'failed'
  percent: number
  /** Refused here, before it was sent. */
  refusal?: 'too_large' | 'not_pdf' | 'empty_file'
  error?: ApiError
  document?: Document
  file?: File
  cancel?: () => void
}

export function useFiles(ensureDraft: () => Promise<string>) {
  const rows = reactive<FileRow[]>([])
  const uploaded = computed(() => rows.filter((row) => row.state === 'uploaded'))
  const busy = computed(() => rows.some((row) => ['waiting', 'uploading', 'checking'].includes(row.state)))
  let queue: Promise<void> = Promise.resolve()

  /** Takes the files up in their order; one is uploaded at a time, so that the documents keep it. */
  function add(files: Iterable<File>): void {
    for (const file of files) {
      rows.push({ key: newKey(), name: file.name, size: file.size, state: 'waiting', percent: 0, file })
      const row = rows.at(-1)
      if (row) queue = queue.then(() => upload(row))
    }
  }

  function retry(row: FileRow): void {
    if (row.state !== 'failed') return
    row.state = 'waiting'
    row.error = undefined
    queue = queue.then(() => upload(row))
  }

  async function upload(row: FileRow): Promise<void> {
    if (row.state !== 'waiting' || !row.file || !rows.includes(row)) return
    row.refusal = await refusalOf(row.file)
    if (row.refusal) {
      row.state = 'failed'
      return
    }
    try {
      const contractId = await ensureDraft()
      row.state = 'uploading'
      row.percent = 0
      const sending = uploadDocument(contractId, row.file, row.key, (part) => {
        row.percent = Math.round(part * 100)
        if (part >= 1) row.state = 'checking'
      })
      row.cancel = sending.cancel
      row.document = await sending.done
      row.state = 'uploaded'
      row.file = undefined
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
