/** Which installation this is, so that nobody takes the sandbox for the real one. */
import { defineStore } from 'pinia'
import { shallowRef } from 'vue'

import { body, client } from '@/api/client'
import type { Environment } from '@/api/types'

export const useEnvironment = defineStore('environment', () => {
  const environment = shallowRef<Environment>()

  /** Without an answer no label is shown; nothing else depends on it. */
  async function load(): Promise<void> {
    environment.value ??= await body(client.GET('/api/environment'), { quiet: true }).catch(() => undefined)
  }

  return { environment, load }
})
