/** A list of contracts as the server pages and counts it. */
import { computed, reactive } from 'vue'

import { body, client } from '@/api/client'
import type { ContractSummary, ContractView } from '@/api/types'

import { useLoad } from './useLoad'

export interface ContractFilter {
  view: ContractView
  query: string
  from_ms: number | undefined
  to_ms: number | undefined
  page: number
  page_size: number
}

export function useContracts(initial: Partial<ContractFilter> = {}) {
  const filter = reactive<ContractFilter>({
    view: 'all', query: '', from_ms: undefined, to_ms: undefined, page: 1, page_size: 10, ...initial,
  })
  const { data, error, slow, loading, load } = useLoad(() => {
    const query = { ...filter, query: filter.query.trim() || undefined }
    return body(client.GET('/api/contracts', { params: { query } }))
  })
  const items = computed(() => data.value?.items ?? [])
  const count = (view: string): number => (data.value?.counts as Record<string, number> | undefined)?.[view] ?? 0
  return { filter, data, items, count, error, slow, loading, load }
}

/** Whether it is this person's turn. */
export const awaitsMe = (contract: ContractSummary): boolean => contract.view === 'awaiting_me' && Boolean(contract.my_recipient_id)

/** What the list calls its status: the person's own turn comes before the contract's state. */
export const statusInList = (contract: ContractSummary): string => (awaitsMe(contract) ? 'awaiting_me' : contract.status)
