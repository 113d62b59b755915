/** The pictures of signatures that the signer keeps: shown to choose from, added from photos, taken away. */
import { ref, shallowRef } from 'vue'

import { body, client } from '@/api/client'
import { type ApiError, errorOfFailure } from '@/api/problem'
import type { SignatureImage } from '@/api/types'
import { sendPicture } from '@/api/upload'

export function useSignatures() {
  const kept = shallowRef<SignatureImage[]>([])
  const busy = ref(false)
  const error = shallowRef<ApiError>()

  async function run<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (busy.value) return undefined
    busy.value = true
    error.value = undefined
    try {
      return await work()
    } catch (cause) {
      error.value = errorOfFailure(cause)
      return undefined
    } finally {
      busy.value = false
    }
  }

  /** Without an answer there is nothing to choose from; drawing works all the same. */
  async function load(): Promise<void> {
    kept.value = await body(client.GET('/api/signatures')).catch(() => kept.value)
  }

  async function add(photo: File): Promise<SignatureImage | undefined> {
    const added = await run(() => sendPicture<SignatureImage>('/api/signatures', photo))
    if (added) kept.value = [added, ...kept.value]
    return added
  }

  async function remove(id: string): Promise<void> {
    const path = { signature_id: id }
    await run(async () => {
      await body(client.DELETE('/api/signatures/{signature_id}', { params: { path } }))
      kept.value = kept.value.filter((each) => each.id !== id)
    })
  }

  return { kept, busy, error, load, add, remove }
}

export type Signatures = ReturnType<typeof useSignatures>
