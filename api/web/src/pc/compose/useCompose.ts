/** Starting a contract: a draft on the server from the first file on, so that nothing is lost on the way. */
import { computed, reactive, ref, shallowRef } from 'vue'

import { body, client, idempotent, newKey } from '@/api/client'
import type { ContractDetail, ContractType, ContractInput, Organization } from '@/api/types'
import { useAction } from '@/composables/useAction'
import { useLoad } from '@/composables/useLoad'
import { mobileOf } from '@/i18n/format'
import { useSession } from '@/stores/session'

import { useFiles } from './useFiles'
import { usePlacing } from './usePlacing'

export interface RecipientEntry {
  role: string
  title: string
  kind: 'person' | 'organization'
  name: string
  phone: string
  organization_id: string
}

export function useCompose(draftId: string | undefined) {
  const contractId = ref(draftId)
  const title = ref('')
  const typeName = ref('')
  /** In whose name, where the person may send for several organizations. Fixed with the draft. */
  const sendingFor = (useSession().me?.organizations ?? []).filter((each) => each.roles.includes('sender'))
  const senderId = ref(sendingFor[0]?.id)
  const deadlineAtMs = ref<number>()
  const recipients = reactive<RecipientEntry[]>([])
  const placing = usePlacing()
  const draftKey = newKey()
  const saving = useAction()
  const sending = useAction()

  const loaded = useLoad(async () => {
    const [types, organizations, draft] = await Promise.all([
      body(client.GET('/api/contract-types')),
      body(client.GET('/api/organizations')),
      draftId ? body(client.GET('/api/contracts/{contract_id}', { params: { path: { contract_id: draftId } } })) : undefined,
    ])
    const usable = types.filter((each) => !each.unavailable)
    const first = usable[0]
    if (draft) takeDraft(draft, types)
    else if (usable.length === 1 && first) chooseType(first)
    return { types, organizations }
  })
  const types = computed<ContractType[]>(() => loaded.data.value?.types ?? [])
  const organizations = computed<Organization[]>(() => loaded.data.value?.organizations ?? [])
  const type = computed(() => types.value.find((each) => each.name === typeName.value))

  function chooseType(chosen: ContractType): void {
    if (typeName.value === chosen.name) return
    typeName.value = chosen.name
    const before = new Map(recipients.map((each) => [each.role, each]))
    const entries = chosen.recipients.map(({ role, title: words, kind }) => {
      const known = before.get(role)
      const entered = known ?? { name: '', phone: '', organization_id: '' }
      return { role, title: words, kind, name: entered.name, phone: entered.phone, organization_id: entered.organization_id }
    })
    recipients.splice(0, recipients.length, ...entries)
  }

  function takeDraft(draft: ContractDetail, known: ContractType[]): void {
    title.value = draft.title
    deadlineAtMs.value = draft.deadline_at_ms ?? undefined
    files.take(draft.documents)
    const chosen = known.find((each) => each.name === draft.contract_type.name)
    if (chosen) chooseType(chosen)
    for (const recipient of draft.recipients) {
      const entry = recipients.find((each) => each.role === recipient.role)
      if (!entry) continue
      entry.name = recipient.name
      entry.phone = recipient.phone ?? ''
      entry.organization_id = recipient.organization_id ?? ''
    }
    placing.take(draft.fields)
  }

  let creating: Promise<string> | undefined
  /** The draft's id; creates it when the first file comes. */
  function ensureDraft(): Promise<string> {
    if (contractId.value) return Promise.resolve(contractId.value)
    creating ??= create().finally(() => (creating = undefined))
    return creating
  }
  async function create(): Promise<string> {
    // The draft needs a type at once; the sender chooses in the next step, and saving says it anew.
    const contractType = typeName.value || (types.value.find((each) => !each.unavailable)?.name ?? '')
    const draft: ContractInput = { title: title.value.trim() || firstName(), contract_type: contractType, organization_id: senderId.value, recipients: [] }
    const answer = await body(client.POST('/api/contracts', { params: idempotent(draftKey), body: draft }))
    contractId.value = answer.id
    return answer.id
  }

  const firstName = () => (files.rows[0]?.name ?? '').replace(/\.pdf$/i, '').slice(0, 100) || '—'
  const files = useFiles(ensureDraft)

  function addFiles(list: Iterable<File>): void {
    files.add(list)
    if (!title.value.trim() && files.rows.length > 0) title.value = firstName()
  }

  const request = (): ContractInput => ({
    title: title.value.trim(),
    contract_type: typeName.value,
    deadline_at_ms: deadlineAtMs.value,
    recipients: recipients.map((each) => ({
      role: each.role,
      name: each.name.trim(),
      phone: mobileOf(each.phone) ?? each.phone,
      ...(each.kind === 'organization' ? { organization_id: each.organization_id } : {}),
    })),
    fields: placing.sent(),
  })

  /** Of what was placed, what still has its file and its role. */
  function keepPlaced(): void {
    placing.keepOnly(recipients.map((each) => each.role), files.uploaded.value.flatMap((row) => row.document ?? []))
  }

  /** Writes everything that was entered into the draft. */
  async function save(): Promise<boolean> {
    keepPlaced()
    const entered = request()
    const answer = await saving.run(entered, async () => {
      const path = { contract_id: await ensureDraft() }
      return await body(client.PUT('/api/contracts/{contract_id}', { params: { path }, body: entered }))
    })
    if (!answer) placing.refused(saving.error.value)
    return answer !== undefined
  }

  const sent = shallowRef<ContractDetail>()
  async function send(): Promise<ContractDetail | undefined> {
    const answer = await sending.run(['send', contractId.value], async (key) => {
      const path = { contract_id: await ensureDraft() }
      return await body(client.POST('/api/contracts/{contract_id}/send', { params: { path, ...idempotent(key) } }))
    })
    if (!answer) placing.refused(sending.error.value)
    sent.value = answer
    return answer
  }

  return {
    ...loaded, contractId, title, sendingFor, senderId, typeName, type, types, organizations, deadlineAtMs, recipients, files, addFiles, chooseType, placing,
    save, saving: saving.busy, saveError: saving.error, send, sending: sending.busy, sendError: sending.error, sent,
  }
}

export type Compose = ReturnType<typeof useCompose>

/** What is still wrong with a recipient, as keys of the messages. */
export function recipientProblems(entry: RecipientEntry, all: readonly RecipientEntry[]): Partial<Record<'name' | 'phone' | 'organization_id', string>> {
  const problems: Partial<Record<'name' | 'phone' | 'organization_id', string>> = {}
  if (!entry.name.trim()) problems.name = 'compose.name_required'
  const mobile = mobileOf(entry.phone)
  if (!mobile) problems.phone = 'compose.phone_wrong'
  else if (all.some((other) => other !== entry && mobileOf(other.phone) === mobile)) problems.phone = 'compose.same_phone'
  if (entry.kind === 'organization' && !entry.organization_id) problems.organization_id = 'compose.organization_needed'
  return problems
}
