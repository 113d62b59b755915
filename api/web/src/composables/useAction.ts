/** A button's work: busy while it runs, its error kept for the page, one idempotency key an intent. */
import { ref, shallowRef } from 'vue'

import { Intent } from '@/api/intent'
import { type ApiError, errorOfFailure } from '@/api/problem'

export function useAction() {
  const intent = new Intent()
  const busy = ref(false)
  const error = shallowRef<ApiError>()

  /** Answers what `send` answers, or undefined when it failed; then `error` says why. */
  async function run<T>(about: unknown, send: (key: string) => Promise<T>): Promise<T | undefined> {
    if (intent.busy) return undefined
    busy.value = true
    error.value = undefined
    try {
      return await intent.run(about, send)
    } catch (cause) {
      error.value = errorOfFailure(cause)
      return undefined
    } finally {
      busy.value = false
    }
  }

  return { busy, error, run }
}
