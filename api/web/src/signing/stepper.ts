/** Where a signer stands, and how much is left: derived from what the server says, never counted in the page. */
import type { Signing, SigningStep } from '@/api/types'

/** What the page shows: a step to do, or why there is nothing to do. */
export type Stage =
  | { name: 'agreement' | 'reading' | 'sign' }
  | { name: 'stamping' | 'signed' | 'declined' | 'withdrawn' | 'expired' | 'completed' | 'waiting' | 'called_off' }

const ENDED = ['declined', 'withdrawn', 'expired'] as const

export function stageOf(signing: Pick<Signing, 'status' | 'steps'> & { contract: { status?: string } }): Stage {
  if (signing.status === 'signed') return { name: 'signed' }
  if (signing.status === 'stamping') return { name: 'stamping' }
  if (signing.status === 'called_off') return { name: 'called_off' }
  const ended = ENDED.find((status) => signing.status === status || signing.contract.status === status)
  if (ended) return { name: ended }
  const current = signing.steps.find((step) => step.state === 'current')
  return current ? { name: current.kind } : { name: 'waiting' }
}

export interface StepView {
  kind: SigningStep['kind'] | 'intent'
  state: SigningStep['state']
}

/**
 * The stepper's steps: the server's, then the confirmation that every signature ends with. `confirming` says that the
 * signer has filled all fields and is at the code.
 */
export function stepsOf(steps: SigningStep[], confirming: boolean, over = false): StepView[] {
  if (over) return [...steps.map(({ kind }) => ({ kind, state: 'done' as const })), { kind: 'intent', state: 'done' }]
  const views = steps.map(({ kind, state }): StepView => {
    if (kind === 'sign' && state === 'current' && confirming) return { kind, state: 'done' }
    return { kind, state }
  })
  const signing = steps.find((step) => step.kind === 'sign')
  const atIntent = confirming && signing?.state === 'current'
  return [...views, { kind: 'intent', state: signing?.state === 'done' ? 'done' : atIntent ? 'current' : 'todo' }]
}

/** Position of the current step from 1, the count, and how many are left after it. */
export function progressOf(views: StepView[]): { at: number; of: number; left: number } {
  const current = views.findIndex((view) => view.state === 'current')
  const at = current >= 0 ? current + 1 : views.filter((view) => view.state === 'done').length
  return { at, of: views.length, left: views.filter((view) => view.state === 'todo').length }
}

/** The next field without a value, after `from` in reading order, then from the start; undefined when all are filled. */
export function nextField<F extends { id: string }>(
  ordered: readonly F[],
  filled: (field: F) => boolean,
  from?: string,
): F | undefined {
  const start = ordered.findIndex((field) => field.id === from) + 1
  return [...ordered.slice(start), ...ordered.slice(0, start)].find((field) => !filled(field))
}

/** Reading order: documents in their order, pages up, then from top to bottom and left to right. */
export function inReadingOrder<F extends { document_id: string; page: number; x: number; y: number; h: number }>(
  fields: readonly F[],
  documents: readonly { id: string }[],
): F[] {
  const place = new Map(documents.map((document, index) => [document.id, index]))
  const rank = (field: F) => place.get(field.document_id) ?? documents.length
  return [...fields].sort(
    (a, b) => rank(a) - rank(b) || a.page - b.page || b.y + b.h - (a.y + a.h) || a.x - b.x,
  )
}
