/** What opens when a field is touched, and what fills it. The date needs no sheet: the touch sets it. */
import { computed, ref, shallowRef } from 'vue'

import type { ApiError } from '@/api/problem'
import type { Field } from '@/api/types'

import type { Drawing } from './strokes'
import { useSignatures } from './useSignatures'
import type { SigningFlow } from './useSigning'

/** Marks of no width and controls, which come along with a paste and cannot be shown. Blanks among them are none. */
const UNSEEN = /[\u0000-\u0008\u000e-\u001f\u007f-\u009f\u200b-\u200d\ufeff]/g
/** A field is one line; line breaks from a paste become spaces, and what nobody sees is left out. */
export const oneLine = (text: string): string => text.replace(UNSEEN, '').replace(/\s+/g, ' ').trim()

export type Sheet = 'pad' | 'signature' | 'upload' | 'seal' | 'text'
/** The longest text of a text field. */
export const TEXT_MAX = 500

export function useFieldChoice(flow: SigningFlow) {
  const open = shallowRef<{ field: Field; sheet: Sheet }>()
  const sheet = computed(() => open.value?.sheet)
  /** A text is on its way to the server. */
  const checking = ref(false)
  /** Why the server does not take the text of the open form. */
  const textError = shallowRef<ApiError>()
  const signatures = useSignatures()

  function choose(field: Field): void {
    flow.activeField.value = field.id
    if (field.kind === 'date') return flow.fill(field, { date: true })
    if (field.kind === 'text') open.value = { field, sheet: 'text' }
    else if (field.kind === 'seal' || field.kind === 'cross_page_seal') open.value = { field, sheet: 'seal' }
    else open.value = { field, sheet: flow.lastDrawing.value || signatures.kept.value.length > 0 ? 'signature' : 'pad' }
  }

  function drawAnew(): void {
    if (open.value) open.value = { field: open.value.field, sheet: 'pad' }
  }

  function upload(): void {
    if (open.value) open.value = { field: open.value.field, sheet: 'upload' }
  }

  function useImage(signatureId: string): void {
    if (open.value) flow.fill(open.value.field, { signature_id: signatureId })
    close()
  }

  function useDrawing(drawing: Drawing): void {
    const { strokes, width, height } = drawing
    if (open.value) flow.fill(open.value.field, { strokes, width, height })
    close()
  }

  function useSeal(sealId: string): void {
    if (open.value) flow.fill(open.value.field, { seal_id: sealId })
    close()
  }

  /** The form stays open, with what was typed, until the server took the text. */
  async function useText(text: string): Promise<void> {
    const asked = open.value
    if (!asked || checking.value) return
    const words = oneLine(text).slice(0, TEXT_MAX)
    checking.value = true
    textError.value = undefined
    const refused = await flow.fillAndHear(asked.field, words ? { text: words } : null)
    checking.value = false
    if (open.value !== asked) return
    if (refused) textError.value = refused
    else close()
  }

  function close(): void {
    open.value = undefined
    textError.value = undefined
  }

  return { open, sheet, signatures, checking, textError, choose, drawAnew, upload, useImage, useDrawing, useSeal, useText, close }
}
