/** A seal in the making: what was entered, the impression that comes of it, and the command that keeps it. */
import { computed, onScopeDispose, reactive, ref, shallowRef, watch } from 'vue'

import { body, client } from '@/api/client'
import { type ApiError, errorOfFailure } from '@/api/problem'
import type { components } from '@/api/schema'
import { sendPicture } from '@/api/upload'
import { useAction } from '@/composables/useAction'
import { i18n } from '@/i18n'

type Schemas = components['schemas']
export type SealKind = Schemas['SealKind']
export type SealShape = Schemas['SealShape']
export type SealColor = Schemas['SealColor']
export type SealPreview = Schemas['SealPreview']

export const KINDS: SealKind[] = ['official', 'contract', 'finance', 'invoice', 'hr', 'legal_rep', 'other']
export const COLORS: { name: SealColor; css: string }[] = [
  { name: 'red', css: '#d7000f' },
  { name: 'blue', css: '#1d3fa8' },
  { name: 'black', css: '#141414' },
]
/** Waits until nothing more is typed. */
export const PREVIEW_AFTER_MS = 350

/** The shapes that a kind may have, the usual one first. */
export function shapesOf(kind: SealKind): SealShape[] {
  if (kind === 'legal_rep') return ['square']
  if (kind === 'invoice') return ['oval', 'round', 'triangle']
  return kind === 'finance' || kind === 'other' ? ['round', 'oval', 'triangle', 'square'] : ['round', 'oval', 'triangle']
}

export function useSealMaking(organizationId: string) {
  const path = { organization_id: organizationId }
  const entered = reactive({
    source: 'template' as 'template' | 'picture',
    name: '',
    kind: 'official' as SealKind,
    shape: 'round' as SealShape,
    color: 'red' as SealColor,
    /** As typed; empty is the usual width. */
    width: '',
    pictureWidth: '42',
    text: '',
    digits: '',
    person: '',
  })
  const file = shallowRef<File>()
  const preview = shallowRef<SealPreview>()
  const previewError = shallowRef<ApiError>()
  const drawing = ref(false)
  const shapes = computed(() => shapesOf(entered.kind))

  const template = (): Schemas['SealTemplate'] => ({
    kind: entered.kind,
    shape: entered.shape,
    color: entered.color,
    width_mm: entered.width === '' ? undefined : Number(entered.width),
    text: entered.kind === 'other' ? entered.text.trim() : undefined,
    digits: entered.shape === 'square' ? undefined : entered.digits.trim(),
    person_name: entered.kind === 'legal_rep' ? entered.person.trim() : undefined,
  })
  const look = () => ({ color: entered.color, width_mm: Number(entered.pictureWidth) })
  const picturesUrl = (rest: string, query: Record<string, string | number>) =>
    `/api/organizations/${encodeURIComponent(organizationId)}/seals/pictures${rest}?${new URLSearchParams(
      Object.entries(query).map(([key, value]) => [key, String(value)]),
    )}`

  let turn = 0
  async function draw(): Promise<void> {
    const mine = ++turn
    const chosen = file.value
    if (entered.source === 'picture' && !chosen) {
      preview.value = previewError.value = undefined
      drawing.value = false
      return
    }
    drawing.value = true
    try {
      const drawn =
        entered.source === 'picture' && chosen
          ? await sendPicture<SealPreview>(picturesUrl('/preview', look()), chosen)
          : await body(client.POST('/api/organizations/{organization_id}/seals/preview', { params: { path }, body: template() }))
      if (mine !== turn) return
      preview.value = drawn
      previewError.value = undefined
    } catch (cause) {
      if (mine !== turn) return
      preview.value = undefined
      previewError.value = errorOfFailure(cause)
    } finally {
      if (mine === turn) drawing.value = false
    }
  }

  let timer: ReturnType<typeof setTimeout> | undefined
  const drawn = computed(() => JSON.stringify(entered.source === 'picture' ? look() : template()))
  watch([drawn, file, () => entered.source], () => {
    turn += 1
    drawing.value = true
    clearTimeout(timer)
    timer = setTimeout(() => void draw(), PREVIEW_AFTER_MS)
  })
  // What is wrong is told in the language that is read now: the server says it again.
  watch(i18n.global.locale, () => {
    saving.error.value = undefined
    if (previewError.value) void draw()
  })
  watch(
    () => entered.kind,
    () => (entered.shape = shapes.value[0] ?? 'round'),
  )
  onScopeDispose(() => {
    turn += 1
    clearTimeout(timer)
  })

  const saving = useAction()
  /** Keeps the seal and answers it. */
  async function save(name: string): Promise<Schemas['ManagedSeal'] | undefined> {
    const chosen = file.value
    return await saving.run([name, drawn.value, entered.source, entered.kind], async () =>
      entered.source === 'picture' && chosen
        ? await sendPicture<Schemas['ManagedSeal']>(picturesUrl('', { name, kind: entered.kind, ...look() }), chosen)
        : await body(client.POST('/api/organizations/{organization_id}/seals', { params: { path }, body: { name, template: template() } })),
    )
  }

  /** What is wrong with an entry, in the server's words. */
  function wrong(field: string): string {
    const all = [...(previewError.value?.fields ?? []), ...(saving.error.value?.fields ?? [])]
    return all.find((each) => each.field === field || each.field === `template.${field}`)?.message ?? ''
  }

  return { entered, file, preview, previewError, drawing, shapes, draw, save, saving: saving.busy, saveError: saving.error, wrong }
}
