/** Who is logged in. Asked once a page load; the server's answer to any request may end it. */
import { defineStore } from 'pinia'
import { computed, shallowRef } from 'vue'

import { body, client } from '@/api/client'
import { ApiError } from '@/api/problem'
import type { Me } from '@/api/types'

export const useSession = defineStore('session', () => {
  const me = shallowRef<Me | null>()
  let asking: Promise<Me | null> | undefined

  const roles = computed(() => me.value?.roles ?? [])

  /** The person, or null when nobody is logged in. Throws when the server cannot be asked. */
  async function ensure(): Promise<Me | null> {
    if (me.value !== undefined) return me.value
    asking ??= ask().finally(() => (asking = undefined))
    return await asking
  }

  /** Asks anew, after something that may have changed the person's roles. Without an answer all stays as it was. */
  async function renew(): Promise<void> {
    await ask().catch((error: unknown) => {
      if (!(error instanceof ApiError)) throw error
    })
  }

  async function ask(): Promise<Me | null> {
    try {
      me.value = await body(client.GET('/api/me'), { quiet: true })
    } catch (error) {
      if (!(error instanceof ApiError && error.kind === 'expired')) throw error
      me.value = null
    }
    return me.value ?? null
  }

  function started(person: Me): void {
    me.value = person
  }

  function ended(): void {
    me.value = null
  }

  async function logOut(): Promise<void> {
    await body(client.POST('/api/logout'), { quiet: true }).catch((error: unknown) => {
      if (!(error instanceof ApiError && error.kind === 'expired')) throw error
    })
    ended()
  }

  const hasRole = (wanted: readonly string[]) => wanted.some((role) => (roles.value as readonly string[]).includes(role))

  return { me, roles, ensure, renew, started, ended, logOut, hasRole }
})
