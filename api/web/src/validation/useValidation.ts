/** Sends one file to be validated and holds the answer; a newer file replaces an older one that is under way. */
import { ref } from 'vue'

import { apiLanguage, reportExpired } from '@/api/client'
import { ApiError, errorOfAnswer, errorOfFailure } from '@/api/problem'
import type { components } from '@/api/schema'
import { refusalOf } from '@/api/upload'

export type Validation = components['schemas']['Validation']
export type ValidatedSignature = components['schemas']['ValidatedSignature']

export function useValidation() {
  const name = ref('')
  const result = ref<Validation>()
  const refusal = ref<'too_large' | 'not_pdf' | 'empty_file'>()
  const error = ref<ApiError>()
  const busy = ref(false)
  let underWay: AbortController | undefined
  let last: File | undefined

  async function send(file: File, signal: AbortSignal): Promise<Validation> {
    const form = new FormData()
    form.append('file', file, file.name)
    const headers = { 'accept-language': apiLanguage() }
    const response = await fetch('/api/validation', { method: 'POST', body: form, headers, signal })
    const answer: unknown = await response.json().catch(() => undefined)
    if (response.ok) return answer as Validation
    const failed = errorOfAnswer(response.status, answer, response.headers)
    reportExpired(failed)
    throw failed
  }

  async function validate(file: File): Promise<void> {
    underWay?.abort()
    const mine = new AbortController()
    underWay = mine
    last = file
    name.value = file.name
    result.value = error.value = refusal.value = undefined
    busy.value = true
    try {
      const refused = await refusalOf(file)
      if (underWay !== mine) return
      // Only PDF files are validated: what kind of another file it is does not matter here.
      refusal.value = refused === 'old_word' ? 'not_pdf' : refused
      if (refused) return
      const answer = await send(file, mine.signal)
      if (underWay === mine) result.value = answer
    } catch (cause) {
      if (underWay === mine) error.value = cause instanceof ApiError ? cause : errorOfFailure(cause)
    } finally {
      if (underWay === mine) busy.value = false
    }
  }

  const again = () => (last ? validate(last) : Promise.resolve())
  return { name, result, refusal, error, busy, validate, again }
}
