/**
 * Keeps what a signer fills in. A value is on this device before it is on its way, and leaves the device only when the
 * server has it: a dead spot, a reload or a closed page loses nothing. One request at a time, newest values last.
 */
import type { FieldEntry } from '@/api/types'
import { ApiError } from '@/api/problem'

export type DraftState = 'saved' | 'saving' | 'offline' | 'refused'

/** Null empties the field. */
export type Entry = FieldEntry | null

export interface DraftOptions {
  recipientId: string
  storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>
  send: (fields: { id: string; value: Entry }[]) => Promise<unknown>
  changed?: (state: DraftState, error?: ApiError) => void
  /** Waits before a retry; answers a function that gives it up. */
  later?: (work: () => void, ms: number) => () => void
}

export const RETRY_FIRST_MS = 1_000
export const RETRY_LAST_MS = 30_000
const PREFIX = 'sealflow.draft.'

const defaultLater = (work: () => void, ms: number) => {
  const timer = setTimeout(work, ms)
  return () => clearTimeout(timer)
}

export class DraftQueue {
  #options: DraftOptions
  #pending: Map<string, Entry>
  #flushing: Promise<void> | undefined
  #retry: (() => void) | undefined
  #wait = RETRY_FIRST_MS
  #closed = false

  constructor(options: DraftOptions) {
    this.#options = options
    this.#pending = this.#recall()
  }

  /** Values that the server does not have yet. */
  get pending(): ReadonlyMap<string, Entry> {
    return this.#pending
  }

  /** Keeps the value here and sends it. */
  save(id: string, value: Entry): void {
    this.#pending.set(id, value)
    this.#keep()
    void this.flush()
  }

  /** Sends what is pending now; resolves when nothing is under way any more. */
  flush(): Promise<void> {
    this.#cancelRetry()
    if (this.#pending.size === 0 || this.#closed) return this.#flushing ?? Promise.resolve()
    this.#flushing ??= this.#drain()
    return this.#flushing
  }

  /** Stops sending; what is pending stays on the device. */
  close(): void {
    this.#closed = true
    this.#cancelRetry()
  }

  /** Forgets everything: signed, declined, or another person's. */
  clear(): void {
    this.#pending.clear()
    this.#keep()
  }

  /** One request after the other, until nothing is pending or one does not arrive. */
  async #drain(): Promise<void> {
    try {
      while (this.#pending.size > 0 && !this.#closed) if (!(await this.#send())) return
    } finally {
      this.#flushing = undefined
    }
  }

  /** Whether the server has answered. */
  async #send(): Promise<boolean> {
    const batch = new Map(this.#pending)
    this.#options.changed?.('saving')
    try {
      await this.#options.send([...batch].map(([id, value]) => ({ id, value })))
    } catch (error) {
      return this.#failed(batch, error)
    }
    this.#wait = RETRY_FIRST_MS
    this.#drop(batch)
    if (this.#pending.size === 0) this.#options.changed?.('saved')
    return true
  }

  #failed(batch: Map<string, Entry>, error: unknown): boolean {
    const known = error instanceof ApiError ? error : undefined
    if (known && !known.unknownOutcome && known.kind !== 'limited' && known.kind !== 'expired') {
      this.#drop(batch)
      this.#options.changed?.('refused', known)
      return true
    }
    this.#options.changed?.('offline', known)
    this.#cancelRetry()
    if (this.#closed) return false
    const later = this.#options.later ?? defaultLater
    this.#retry = later(() => void this.flush(), this.#wait)
    this.#wait = Math.min(RETRY_LAST_MS, this.#wait * 2)
    return false
  }

  #cancelRetry(): void {
    this.#retry?.()
    this.#retry = undefined
  }

  /** Forgets the values of a batch that have not been replaced meanwhile. */
  #drop(batch: Map<string, Entry>): void {
    for (const [id, value] of batch) if (this.#pending.get(id) === value) this.#pending.delete(id)
    this.#keep()
  }

  #keep(): void {
    const key = PREFIX + this.#options.recipientId
    try {
      if (this.#pending.size === 0) this.#options.storage.removeItem(key)
      else this.#options.storage.setItem(key, JSON.stringify([...this.#pending]))
    } catch {
      // Without storage the values live as long as the page.
    }
  }

  #recall(): Map<string, Entry> {
    try {
      const kept: unknown = JSON.parse(this.#options.storage.getItem(PREFIX + this.#options.recipientId) ?? '[]')
      return new Map(Array.isArray(kept) ? (kept as [string, Entry][]) : [])
    } catch {
      return new Map()
    }
  }
}

/** Removes every draft from this device, when its person logs out. */
export function forgetDrafts(storage: Storage): void {
  const keys = Array.from({ length: storage.length }, (_, i) => storage.key(i) ?? '')
  for (const key of keys) if (key.startsWith(PREFIX)) storage.removeItem(key)
}
