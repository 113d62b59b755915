/** Looks again and again until told to stop: quickly at first, then calmly, and not while the page is hidden. */
import { onScopeDispose } from 'vue'

export interface Pace {
  firstMs: number
  lastMs: number
  factor: number
}

const CALM: Pace = { firstMs: 800, lastMs: 5_000, factor: 1.4 }

/** `look` answers true when there is nothing more to wait for. A look that fails counts as "not yet". */
export function usePolling(look: () => Promise<boolean>, pace: Pace = CALM) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let active = false
  let wait = pace.firstMs

  async function once(): Promise<void> {
    if (!active) return
    const done = document.visibilityState === 'hidden' ? false : await look().catch(() => false)
    if (done) return stop()
    if (!active) return
    timer = setTimeout(once, wait)
    wait = Math.min(pace.lastMs, wait * pace.factor)
  }

  function start(): void {
    if (active) return
    active = true
    wait = pace.firstMs
    timer = setTimeout(once, wait)
  }

  function stop(): void {
    active = false
    clearTimeout(timer)
  }

  function whenSeen(): void {
    if (!active || document.visibilityState === 'hidden') return
    clearTimeout(timer)
    wait = pace.firstMs
    void once()
  }

  document.addEventListener('visibilitychange', whenSeen)
  onScopeDispose(() => {
    stop()
    document.removeEventListener('visibilitychange', whenSeen)
  })
  return { start, stop }
}
