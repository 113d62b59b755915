/** What opens when a field is touched, and what fills it. The date needs no sheet: the touch sets it. */
import { computed, shallowRef } from 'vue'

import type { Field } from '@/api/types'

import type { Drawing } from './strokes'
import { useSignatures } from './useSignatures'
import type { SigningFlow } from './useSigning'

/** A field is one line; line breaks from a paste become spaces. */
export const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()

export type Sheet = 'pad' | 'signature' | 'upload' | 'seal' | 'text'
/** The longest text of a text field. */
export const TEXT_MAX = 500

export function useFieldChoice(flow: SigningFlow) {
  const open = shallowRef<{ field: Field; sheet: Sheet }>()
  const sheet = computed(() => open.value?.sheet)
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

  function useText(text: string): void {
    const words = oneLine(text).slice(0, TEXT_MAX)
    if (open.value) flow.fill(open.value.field, words ? { text: words } : null)
    close()
  }

  function close(): void {
    open.value = undefined
  }

  return { open, sheet, signatures, choose, drawAnew, upload, useImage, useDrawing, useSeal, useText, close }
}
