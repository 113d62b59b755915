/**
 * What went wrong, as a type. The server answers RFC 9457 problem details; the network and proxies answer worse. Pages
 * handle one error type, and can always say what happened, what to do and which request it was.
 */
import type { components } from './schema'

export type Problem = components['schemas']['Problem']
export type FieldProblem = { field: string; message: string }

/** `offline`: never arrived or no answer; `server`: 5xx; `expired`: no session; the rest as the status says. */
export type ErrorKind = 'offline' | 'server' | 'expired' | 'forbidden' | 'missing' | 'gone' | 'conflict' | 'limited' | 'refused'

/** A request that did not succeed. */
export class ApiError extends Error {
  readonly kind: ErrorKind
  readonly status: number
  /** The last part of the problem's type, e.g. `code_wrong`; empty when the answer was no problem document. */
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly requestId: string
  readonly fields: FieldProblem[]
  readonly triesLeft: number | undefined
  readonly retryAfterS: number | undefined

  constructor(kind: ErrorKind, status: number, problem: Partial<Problem> & Record<string, unknown> = {}) {
    super(problem.title ?? kind)
    this.name = 'ApiError'
    this.kind = kind
    this.status = status
    this.code = text(problem.code) || codeOfType(text(problem.type))
    this.title = text(problem.title)
    this.detail = text(problem.detail)
    this.requestId = text(problem.request_id)
    this.fields = Array.isArray(problem.fields) ? (problem.fields as FieldProblem[]) : []
    this.triesLeft = number(problem.tries_left)
    this.retryAfterS = number(problem.retry_after_s)
  }

  /** Whether the same request, sent again unchanged, may succeed: nobody knows if the first one did anything. */
  get unknownOutcome(): boolean {
    return this.kind === 'offline' || this.kind === 'server'
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined)
const codeOfType = (type: string): string => (type.startsWith('urn:sealflow:problem:') ? (type.split(':').pop() ?? '') : '')

/** These 401 answers belong to the login form and say nothing about a session. */
const LOGIN_CODES = new Set(['code_wrong', 'code_expired', 'too_many_tries'])

function kindOf(status: number, code: string): ErrorKind {
  if (status === 401) return LOGIN_CODES.has(code) ? 'refused' : 'expired'
  if (status === 403) return 'forbidden'
  if (status === 404) return 'missing'
  if (status === 410) return 'gone'
  if (status === 409 || status === 412) return 'conflict'
  if (status === 429) return 'limited'
  return status >= 500 ? 'server' : 'refused'
}

/** The error of an answer that was not 2xx. */
export function errorOfAnswer(status: number, body: unknown, headers?: Headers): ApiError {
  const problem = typeof body === 'object' && body !== null ? (body as Partial<Problem> & Record<string, unknown>) : {}
  const code = text(problem.code) || codeOfType(text(problem.type))
  const retryAfter = Number(headers?.get('retry-after') ?? NaN)
  return new ApiError(kindOf(status, code), status, {
    ...problem,
    request_id: text(problem.request_id) || (headers?.get('x-request-id') ?? ''),
    retry_after_s: number(problem.retry_after_s) ?? (Number.isFinite(retryAfter) ? retryAfter : undefined),
  })
}

/** The error of a request that got no answer, or of anything else that was thrown. */
export function errorOfFailure(cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause
  const error = new ApiError('offline', 0)
  error.cause = cause
  return error
}
