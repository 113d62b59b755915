/** The operators' commands. */
import { body, client } from '@/api/client'
import type { Incident, Job } from '@/api/types'
import { useAction } from '@/composables/useAction'

export function useOpsActions(changed: () => Promise<void>) {
  const action = useAction()

  async function setPaused(queue: string, paused: boolean): Promise<boolean> {
    const init = { params: { path: { queue } } }
    await action.run(['queue', queue, paused], () => {
      return body<unknown>(paused ? client.POST('/api/ops/queues/{queue}/pause', init) : client.POST('/api/ops/queues/{queue}/resume', init))
    })
    return await settled()
  }

  async function retry(job: Pick<Job, 'id'>): Promise<boolean> {
    const init = { params: { path: { job_id: job.id } } }
    await action.run(['retry', job.id], () => body<unknown>(client.POST('/api/ops/jobs/{job_id}/retry', init)))
    return await settled()
  }

  async function retryAll(): Promise<boolean> {
    await action.run(['retry-all'], () => body<unknown>(client.POST('/api/ops/dead-jobs/retry', { body: {} })))
    return await settled()
  }

  async function discard(job: Pick<Job, 'id'>, reason: string): Promise<boolean> {
    const init = { params: { path: { job_id: job.id } }, body: { reason } }
    await action.run(['discard', job.id], () => body<unknown>(client.POST('/api/ops/jobs/{job_id}/discard', init)))
    return await settled()
  }

  async function decide(incident: Pick<Incident, 'instance_id' | 'key'>, name: string): Promise<boolean> {
    const init = { params: { path: { instance_id: incident.instance_id } }, body: { key: incident.key, action: name } }
    await action.run(['decide', incident.instance_id, incident.key, name], () => body<unknown>(client.POST('/api/ops/instances/{instance_id}/incidents', init)))
    return await settled()
  }

  async function settled(): Promise<boolean> {
    const failure = action.error.value
    if (!failure || failure.kind === 'conflict') await changed()
    return !failure
  }

  return { setPaused, retry, retryAll, discard, decide, busy: action.busy, error: action.error }
}
