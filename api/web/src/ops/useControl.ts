/** The operators' commands about limits and schedules. */
import { body, client } from '@/api/client'
import { useAction } from '@/composables/useAction'

export function useControlActions(changed: () => Promise<void>) {
  const action = useAction()

  async function setRate(provider: string, max: number | null): Promise<void> {
    const init = { params: { path: { provider } }, body: { max, period_ms: 1000 } }
    await action.run(['rate', provider, max], () => body<unknown>(client.PUT('/api/ops/limits/providers/{provider}', init)))
    await settled()
  }

  async function runSchedule(schedule: string): Promise<void> {
    const init = { params: { path: { schedule } } }
    await action.run(['run', schedule], () => body<unknown>(client.POST('/api/ops/schedules/{schedule}/run', init)))
    await settled()
  }

  async function setPaused(schedule: string, paused: boolean): Promise<void> {
    const init = { params: { path: { schedule } } }
    await action.run(['schedule', schedule, paused], () => {
      return body<unknown>(paused ? client.POST('/api/ops/schedules/{schedule}/pause', init) : client.POST('/api/ops/schedules/{schedule}/resume', init))
    })
    await settled()
  }

  async function settled(): Promise<void> {
    if (!action.error.value) await changed()
  }

  return { setRate, runSchedule, setPaused, busy: action.busy, error: action.error }
}
