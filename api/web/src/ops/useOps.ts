/** The operators' commands. */
import { body, client, idempotent } from '@/api/client'
import type { Job } from '@/api/types'
import { useAction } from '@/composables/useAction'

export function useOpsActions(changed: () => Promise<void>) {
  const action = useAction()

  async function setPaused(queue: string, paused: boolean): Promise<boolean> {
    const path = { queue }
    await action.run(['queue', queue, paused], (key) => {
      const init = { params: { path, ...idempotent(key) } }
      return body<unknown>(paused ? client.POST('/api/ops/queues/{queue}/pause', init) : client.POST('/api/ops/queues/{queue}/resume', init))
    })
    return await settled()
  }

  async function retry(job: Pick<Job, 'id'>): Promise<boolean> {
    const path = { job_id: job.id }
    await action.run(['retry', job.id], (key) =>
      body<unknown>(client.POST('/api/ops/jobs/{job_id}/retry', { params: { path, ...idempotent(key) } })),
    )
    return await settled()
  }

  async function settled(): Promise<boolean> {
    const failure = action.error.value
    if (!failure || failure.kind === 'conflict') await changed()
    return !failure
  }

  return { setPaused, retry, busy: action.busy, error: action.error }
}
