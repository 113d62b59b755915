/** Seconds until a code may be asked for again. It follows the clock, so a phone that slept shows the truth. */
import { computed, onScopeDispose, ref } from 'vue'

export function useCountdown(now: () => number = Date.now) {
  const endsAtMs = ref(0)
  const seen = ref(now())
  let timer: ReturnType<typeof setInterval> | undefined

  const left = computed(() => Math.max(0, Math.ceil((endsAtMs.value - seen.value) / 1000)))

  function tick(): void {
    seen.value = now()
    if (left.value === 0) stop()
  }

  function start(seconds: number): void {
    stop()
    endsAtMs.value = now() + Math.max(0, seconds) * 1000
    seen.value = now()
    if (left.value > 0) timer = setInterval(tick, 250)
  }

  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }

  onScopeDispose(stop)
  return { left, start, stop }
}
