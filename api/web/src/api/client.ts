/**
 * The one way to the server: typed by the OpenAPI document, with the language, a time limit, and errors as `ApiError`.
 */
import createClient from 'openapi-fetch'

import { ApiError, errorOfAnswer, errorOfFailure } from './problem'
import type { paths } from './schema'

/** A request without an answer is given up after this. */
export const TIMEOUT_MS = 20_000

let language = 'zh-CN'
let onExpired: (error: ApiError) => void = () => {}

/** The language of titles and details in the server's problems. */
export function setApiLanguage(tag: string): void {
  language = tag
}

/** Tells the app that a request outside `client` found no session. */
export function reportExpired(error: ApiError): void {
  if (error.kind === 'expired') onExpired(error)
}

/** The language that requests outside `client` ask for. */
export const apiLanguage = (): string => language

/** Called when an answer says that there is no session any more. */
export function whenSessionExpires(listener: (error: ApiError) => void): void {
  onExpired = listener
}

async function fetchWithLimit(request: Request): Promise<Response> {
  // By hand: AbortSignal.any and .timeout are missing in browsers that signers still carry.
  const controller = new AbortController()
  const abort = () => controller.abort()
  const timer = setTimeout(abort, TIMEOUT_MS)
  request.signal?.addEventListener('abort', abort)
  try {
    return await globalThis.fetch(new Request(request, { signal: controller.signal }))
  } finally {
    clearTimeout(timer)
    request.signal?.removeEventListener('abort', abort)
  }
}

export const client = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? '',
  credentials: 'same-origin',
  fetch: fetchWithLimit,
})

client.use({
  onRequest({ request }) {
    request.headers.set('accept-language', language)
    return request
  },
})

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** Waits for an answer of `client` and returns its body, or throws an `ApiError`. */
export async function body<T>(answer: Promise<Answer<T>>, options: { quiet?: boolean } = {}): Promise<T> {
  let got: Answer<T>
  try {
    got = await answer
  } catch (cause) {
    throw errorOfFailure(cause)
  }
  if (got.response.ok) return got.data as T
  const error = errorOfAnswer(got.response.status, got.error, got.response.headers)
  if (!options.quiet) reportExpired(error)
  throw error
}

/** Header of one intent: the server does the work once, however often the request arrives. */
export const idempotent = (key: string) => ({ header: { 'Idempotency-Key': key } })

/** A new name for one intent. `randomUUID` is missing outside secure contexts, e.g. on a company's plain-HTTP host. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
