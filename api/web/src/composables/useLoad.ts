/** Loading of a page's data. A skeleton appears only after 200 ms, so that a quick answer does not flicker. */
import { onScopeDispose, ref, shallowRef } from 'vue'

import { type ApiError, errorOfFailure } from '@/api/problem'

export const SKELETON_AFTER_MS = 200

export function useLoad<T>(fetcher: () => Promise<T>) {
  const data = shallowRef<T>()
  const error = shallowRef<ApiError>()
  const loading = ref(false)
  const slow = ref(false)
  let turn = 0
  let timer: ReturnType<typeof setTimeout> | undefined

  /** Asks again. An answer that was overtaken by a later question is dropped. `quiet` keeps what is shown meanwhile. */
  async function load(options: { quiet?: boolean } = {}): Promise<void> {
    const mine = ++turn
    clearTimeout(timer)
    if (!options.quiet) {
      loading.value = true
      timer = setTimeout(() => (slow.value = true), SKELETON_AFTER_MS)
    }
    try {
      const answer = await fetcher()
      if (mine !== turn) return
      data.value = answer
      error.value = undefined
    } catch (cause) {
      if (mine !== turn) return
      if (!options.quiet || data.value === undefined) error.value = errorOfFailure(cause)
    } finally {
      if (mine === turn) {
        clearTimeout(timer)
        loading.value = false
        slow.value = false
      }
    }
  }

  onScopeDispose(() => {
    turn += 1
    clearTimeout(timer)
  })
  return { data, error, loading, slow, load }
}
