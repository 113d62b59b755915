/** Uploads with progress, which `fetch` cannot report. */
import { apiLanguage, reportExpired } from './client'
import { ApiError, errorOfAnswer, errorOfFailure } from './problem'
import type { Document } from './types'

/** The server's limit for one file. */
export const FILE_MAX_BYTES = 50 * 1024 * 1024

export interface Upload {
  done: Promise<Document>
  cancel: () => void
}

/** Sends one file, or the pictures that become one, as form fields `file`; `progress` gets the part that has left, from 0 to 1. */
export function uploadDocument(contractId: string, files: readonly File[], key: string, progress: (part: number) => void): Upload {
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
    for (const file of files) form.append('file', file, file.name)
    request.send(form)
  })
  return { done, cancel: () => request.abort() }
}

/** The server looks at no more pixels than this on a side. */
const PICTURE_SIDE = 2_000
const PICTURE_BYTES = 1_500_000

/** A telephone's photo has many times the pixels that are looked at: what is not needed is not sent. */
async function smaller(picture: File): Promise<Blob> {
  if (picture.size <= PICTURE_BYTES) return picture
  try {
    const image = await createImageBitmap(picture, { imageOrientation: 'from-image' })
    const scale = Math.min(1, PICTURE_SIDE / Math.max(image.width, image.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.round(image.width * scale)
    canvas.height = Math.round(image.height * scale)
    const context = canvas.getContext('2d')
    if (!context) return picture
    // Where a picture is transparent it lies on white paper.
    context.fillStyle = '#fff'
    context.fillRect(0, 0, canvas.width, canvas.height)
    context.drawImage(image, 0, 0, canvas.width, canvas.height)
    const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.92))
    return made && made.size < picture.size ? made : picture
  } catch {
    // The server says what is wrong with it.
    return picture
  }
}

/** Sends one picture as the form field `file` and answers what was made of it. */
export async function sendPicture<T>(url: string, picture: File): Promise<T> {
  const form = new FormData()
  form.append('file', await smaller(picture), picture.name)
  let response: Response
  try {
    response = await fetch(url, { method: 'POST', body: form, headers: { 'accept-language': apiLanguage() } })
  } catch (cause) {
    throw errorOfFailure(cause)
  }
  const answer = parsed(await response.text())
  if (response.ok) return answer as T
  const error = errorOfAnswer(response.status, answer, response.headers)
  reportExpired(error)
  throw error
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const PDF = '%PDF-'
/** How PNG, JPEG and ZIP archives begin; a .docx is one of the last. */
const STARTS = [[0x89, 0x50, 0x4e, 0x47], [0xff, 0xd8, 0xff], [0x50, 0x4b, 3, 4]]

/** Whether it is a JPEG or PNG; several of them become the pages of one file. */
export function isPicture(file: File): boolean {
  return ['image/jpeg', 'image/png'].includes(file.type)
}

/** How Word files begin that are encrypted, and those of the kind before .docx. */
const OLD_WORD = [0xd0, 0xcf, 0x11, 0xe0]

/** Whether the bytes begin so. */
const startsWith = (head: Uint8Array, start: readonly number[]) => start.every((byte, at) => head[at] === byte)

/** Why a file is not sent; each has its words under `compose`. */
export type FileRefusal = 'too_large' | 'not_pdf' | 'old_word' | 'empty_file'

/** Why a file need not be sent at all. The server looks again, and closer. */
export async function refusalOf(file: File): Promise<FileRefusal | undefined> {
  if (file.size === 0) return 'empty_file'
  if (file.size > FILE_MAX_BYTES) return 'too_large'
  const head = new Uint8Array(await file.slice(0, 1024).arrayBuffer())
  if (startsWith(head, OLD_WORD)) return 'old_word'
  const known = STARTS.some((start) => startsWith(head, start))
  return known || new TextDecoder('latin1').decode(head).includes(PDF) ? undefined : 'not_pdf'
}
