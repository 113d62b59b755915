/** Uploads with progress, which `fetch` cannot report. */
import { apiLanguage } from './client'
import { ApiError, errorOfAnswer } from './problem'
import type { Document } from './types'

/** The server's limit for one file. */
export const FILE_MAX_BYTES = 50 * 1024 * 1024

export interface Upload {
  done: Promise<Document>
  cancel: () => void
}

/** Sends one file as the form field `file`; `progress` gets the part that has left, from 0 to 1. */
export function uploadDocument(contractId: string, file: File, key: string, progress: (part: number) => void): Upload {
  const request = new XMLHttpRequest()
  const done = new Promise<Document>((resolve, reject) => {
    request.open('POST', `/api/contracts/${encodeURIComponent(contractId)}/documents`)
    request.setRequestHeader('idempotency-key', key)
    request.setRequestHeader('accept-language', apiLanguage())
    request.responseType = 'text'
    request.upload.onprogress = ({ loaded, total }) => progress(total > 0 ? loaded / total : 0)
    request.onload = () => {
      const answer = parsed(request.responseText)
      if (request.status >= 200 && request.status < 300) return resolve(answer as Document)
      const headers = new Headers()
      const retryAfter = request.getResponseHeader('retry-after')
      if (retryAfter) headers.set('retry-after', retryAfter)
      reject(errorOfAnswer(request.status, answer, headers))
    }
    request.onerror = request.ontimeout = request.onabort = () => reject(new ApiError('offline', 0))
    const form = new FormData()
    form.append('file', file, file.name)
    request.send(form)
  })
  return { done, cancel: () => request.abort() }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Why a file need not be sent at all. The server looks again, and closer. */
export async function refusalOf(file: File): Promise<'too_large' | 'not_pdf' | 'empty_file' | undefined> {
  if (file.size === 0) return 'empty_file'
  if (file.size > FILE_MAX_BYTES) return 'too_large'
  const head = new TextDecoder('latin1').decode(await file.slice(0, 1024).arrayBuffer())
  return head.includes('%PDF-') ? undefined : 'not_pdf'
}
