/** One contract and what may be done with it. */
import { body, client, idempotent } from '@/api/client'
import type { ContractDetail } from '@/api/types'

import { useAction } from './useAction'
import { useLoad } from './useLoad'
import { usePolling } from './usePolling'

export function fileUrl(contractId: string, documentId: string, options: { revision?: number; download?: boolean } = {}): string {
  const query = new URLSearchParams()
  if (options.revision !== undefined) query.set('revision', String(options.revision))
  if (options.download) query.set('download', '1')
  const path = `/api/contracts/${encodeURIComponent(contractId)}/documents/${encodeURIComponent(documentId)}/file`
  return query.size > 0 ? `${path}?${query}` : path
}

const MOVING = new Set(['preparing', 'completing', 'stamping'])

export function useContract(contractId: string) {
  const path = { contract_id: contractId }
  const fetchContract = () => body(client.GET('/api/contracts/{contract_id}', { params: { path } }))
  const { data: contract, error, slow, load } = useLoad(fetchContract)
  const withdrawing = useAction()
  const reminding = useAction()

  const may = (what: string) => (contract.value?.allowed as string[] | undefined)?.includes(what) ?? false

  async function withdraw(reason: string): Promise<boolean> {
    await withdrawing.run(['withdraw', reason], (key) =>
      body(client.POST('/api/contracts/{contract_id}/withdraw', { params: { path, ...idempotent(key) }, body: { reason } })),
    )
    return settled(withdrawing.error.value?.kind)
  }

  async function remind(): Promise<boolean> {
    await reminding.run(['remind'], (key) =>
      body(client.POST('/api/contracts/{contract_id}/remind', { params: { path, ...idempotent(key) } })),
    )
    return settled(reminding.error.value?.kind)
  }

  /** After a success, and when somebody else was quicker, what is shown must be what is true. */
  async function settled(failure: string | undefined): Promise<boolean> {
    if (failure === undefined || failure === 'conflict') await load({ quiet: true })
    return failure === undefined
  }

  /** Follows a contract that workers are busy with. */
  const polling = usePolling(async () => {
    await load({ quiet: true })
    return !(contract.value && isMoving(contract.value))
  })
  async function loadAndFollow(): Promise<void> {
    await load()
    if (contract.value && isMoving(contract.value)) polling.start()
  }

  return {
    contract, error, slow, load: loadAndFollow, may, withdraw, remind,
    withdrawing: withdrawing.busy, withdrawError: withdrawing.error, reminding: reminding.busy, remindError: reminding.error,
  }
}

function isMoving(contract: ContractDetail): boolean {
  return MOVING.has(contract.status) || contract.recipients.some((recipient) => MOVING.has(recipient.status))
}

