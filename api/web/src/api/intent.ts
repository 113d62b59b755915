/**
 * One wish of a person is one command, however often the button is pressed or the network fails: a second press joins the
 * first, and a repeat after an unknown outcome carries the same key, so that the server does the work once.
 */
import { newKey } from './client'
import { ApiError } from './problem'

export class Intent {
  #key: string | undefined
  #about: string | undefined
  #running: Promise<unknown> | undefined

  /** Whether a request is under way. */
  get busy(): boolean {
    return this.#running !== undefined
  }

  /**
   * Runs `send` with the key of this intent. `about` is what is asked for: the same after an unknown outcome keeps the
   * key, something else is a new intent.
   */
  run<T>(about: unknown, send: (key: string) => Promise<T>): Promise<T> {
    if (this.#running) return this.#running as Promise<T>
    const fingerprint = JSON.stringify(about) ?? ''
    if (this.#key === undefined || this.#about !== fingerprint) this.#key = newKey()
    this.#about = fingerprint
    const running = this.#attempt(this.#key, send)
    this.#running = running
    return running
  }

  async #attempt<T>(key: string, send: (key: string) => Promise<T>): Promise<T> {
    try {
      const answer = await send(key)
      this.#key = undefined
      return answer
    } catch (error) {
      if (!(error instanceof ApiError && error.unknownOutcome)) this.#key = undefined
      throw error
    } finally {
      this.#running = undefined
    }
  }
}
