/**
 * One recipient's way through a contract, for both faces: what the server says is to be done, and the commands. The
 * page never decides on its own that a step is done.
 */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue'

import { body, client, idempotent } from '@/api/client'
import type { ApiError } from '@/api/problem'
import type { Field, FieldContent, Signing } from '@/api/types'
import { useAction } from '@/composables/useAction'
import { useLoad } from '@/composables/useLoad'
import { usePolling } from '@/composables/usePolling'

import { DraftQueue, type DraftState, type Entry } from './draftQueue'
import { drawingOf, isFilled } from './fieldValue'
import { inReadingOrder, nextField, progressOf, stageOf, stepsOf } from './stepper'
import type { Drawing } from './strokes'

export function useSigning(recipientId: string) {
  const path = { recipient_id: recipientId }
  const fetchSigning = () => body(client.GET('/api/signing/{recipient_id}', { params: { path } }))
  const { data, error, slow, load } = useLoad(fetchSigning)
  const signing = data

  const stage = computed(() => (signing.value ? stageOf(signing.value) : undefined))
  const over = computed(() => stage.value?.name === 'signed' || stage.value?.name === 'stamping')
  /** All fields are filled and the signer went on to the code. */
  const confirming = ref(false)
  const steps = computed(() => stepsOf(signing.value?.steps ?? [], confirming.value, over.value))
  const progress = computed(() => progressOf(steps.value))

  // Fields and their drafts.
  const values = shallowRef<ReadonlyMap<string, FieldContent>>(new Map())
  const draftState = ref<DraftState>('saved')
  const draftError = shallowRef<ApiError>()
  /** The field whose value the server does not take. */
  const refusedField = computed(() => {
    const named = draftState.value === 'refused' ? (draftError.value?.fields ?? []) : []
    return fields.value.find((field) => named.some((each) => each.field.startsWith(`fields[${field.id}]`)))
  })
  const drafts = new DraftQueue({
    recipientId,
    storage: localStorage,
    send: async (fields) => {
      const init = { params: { path }, body: { fields } }
      takeSaved(await body(client.PUT('/api/signing/{recipient_id}/fields', init)), new Map(fields.map(({ id, value }) => [id, value])))
    },
    changed: (state, failure) => {
      draftState.value = state
      draftError.value = failure
      // What the server does not take must not look filled.
      if (state === 'refused') forgetRefused()
    },
  })

  /** What the server made of an entry, e.g. the day: it goes into the file. What was changed since stays. */
  function takeSaved(view: Signing, sent: ReadonlyMap<string, Entry>): void {
    const next = new Map(values.value)
    for (const field of view.fields) {
      if (sent.has(field.id) && next.get(field.id) === sent.get(field.id)) next.set(field.id, field.value ?? null)
    }
    values.value = next
  }

  function forgetRefused(): void {
    values.value = new Map()
    void load({ quiet: true })
  }

  const fields = computed(() => (signing.value ? inReadingOrder(signing.value.fields, signing.value.documents) : []))
  const filled = (field: Field) => isFilled(values.value.get(field.id))
  const settled = (field: Field) => !field.required || filled(field)
  /** Fields that must still be filled. */
  const missing = computed(() => fields.value.filter((field) => !settled(field)).length)
  const activeField = ref<string>()
  /** A drawing made earlier in this contract, to be used again. */
  const lastDrawing = computed<Drawing | undefined>(() => {
    const drawings = [...values.value.values()].map(drawingOf).filter((each) => each !== undefined)
    return drawings.at(-1)
  })

  function fill(field: Field, value: Entry): void {
    values.value = new Map(values.value).set(field.id, value)
    drafts.save(field.id, value)
  }

  /**
   * Fills the field and waits for the server's word: answers why it does not take the value. Without a network the value
   * is kept for later, and nothing is wrong with it yet.
   */
  async function fillAndHear(field: Field, value: Entry): Promise<ApiError | undefined> {
    fill(field, value)
    await drafts.flush()
    return draftState.value === 'refused' ? draftError.value : undefined
  }

  function goToNext(): Field | undefined {
    const next = nextField(fields.value, settled, activeField.value)
    activeField.value = next?.id
    return next
  }

  /** Server values, with what this device has not delivered yet on top. */
  function mergeValues(view: Signing): void {
    const known = view.fields.flatMap((field) => (field.value ? [[field.id, field.value] as const] : []))
    const own = [...drafts.pending].filter(([id]) => view.fields.some((field) => field.id === id))
    values.value = new Map([...known, ...values.value, ...own])
  }

  watch(signing, (view) => {
    if (!view) return
    mergeValues(view)
    const name = stage.value?.name
    if (name === 'sign' && drafts.pending.size > 0) void drafts.flush()
    if (name === 'signed' || name === 'declined' || name === 'withdrawn' || name === 'expired') drafts.clear()
    if (name === 'stamping' || name === 'waiting') polling.start()
    else polling.stop()
  })

  // Following the stamp job, and one's turn.
  const polling = usePolling(async () => {
    signing.value = await fetchSigning()
    return stage.value?.name !== 'stamping' && stage.value?.name !== 'waiting'
  })

  const onOnline = () => void drafts.flush()
  addEventListener('online', onOnline)
  onScopeDispose(() => {
    removeEventListener('online', onOnline)
    drafts.close()
  })

  // Commands. Each answers the new view.
  const action = useAction()

  async function command(about: unknown, send: (key: string) => Promise<Signing>): Promise<boolean> {
    const answer = await action.run(about, send)
    if (answer) signing.value = answer
    // Somebody else may have ended the contract meanwhile: show what is true now.
    else if (action.error.value?.kind === 'conflict' || action.error.value?.kind === 'gone') {
      confirming.value = false
      await load({ quiet: true })
    }
    return answer !== undefined
  }

  const acceptAgreement = () => {
    const sha256 = signing.value?.agreement?.sha256 ?? ''
    return command(['agreement', sha256], (key) =>
      body(client.POST('/api/signing/{recipient_id}/agreement', { params: { path, ...idempotent(key) }, body: { sha256 } })),
    )
  }

  const finishReading = (pages: number, seconds: number) =>
    command(['reading'], (key) =>
      body(
        client.POST('/api/signing/{recipient_id}/reading', {
          params: { path, ...idempotent(key) },
          body: { pages_read: pages, seconds },
        }),
      ),
    )

  /** All drafts must be with the server before a code is asked for: the code confirms exactly these. */
  async function goToConfirm(): Promise<boolean> {
    clearActionError()
    if (missing.value > 0) {
      goToNext()
      return false
    }
    await drafts.flush()
    confirming.value = drafts.pending.size === 0 && draftState.value !== 'refused'
    return confirming.value
  }

  function clearActionError(): void {
    action.error.value = undefined
  }

  /** The signer wants to change something before confirming. */
  function backToFields(): void {
    clearActionError()
    confirming.value = false
  }

  async function requestCode(): Promise<{ retry_after_s: number }> {
    return await body(client.POST('/api/signing/{recipient_id}/intent/codes', { params: { path } }))
  }

  const confirmIntent = (code: string) =>
    command(['intent', code], (key) =>
      body(client.POST('/api/signing/{recipient_id}/intent', { params: { path, ...idempotent(key) }, body: { code } })),
    )

  const decline = (reason: string) =>
    command(['decline', reason], (key) =>
      body(client.POST('/api/signing/{recipient_id}/decline', { params: { path, ...idempotent(key) }, body: { reason } })),
    )

  return {
    signing, error, slow, load, stage, steps, progress, confirming,
    fields, values, missing, activeField, lastDrawing, fill, fillAndHear, goToNext, draftState, draftError, refusedField,
    busy: action.busy, actionError: action.error,
    acceptAgreement, finishReading, goToConfirm, requestCode, confirmIntent, decline,
    clearActionError, backToFields,
  }
}

export type SigningFlow = ReturnType<typeof useSigning>
