/** What an SMS link leads to: the login with the contract as destination, or why it leads nowhere. */
import { computed, inject } from 'vue'
import { useRouter } from 'vue-router'

import { body, client } from '@/api/client'
import type { Face } from '@/face'
import { useSession } from '@/stores/session'

import { useLoad } from './useLoad'

export function useLink(token: string) {
  const router = useRouter()
  const session = useSession()
  const prefix = inject<Face>('face', 'pc') === 'phone' ? '/h5' : ''

  const state = useLoad(async () => {
    const link = await body(client.GET('/api/links/{token}', { params: { path: { token } } }), { quiet: true })
    const me = await session.ensure().catch(() => null)
    return { link, mine: me !== null && me.phone_masked === link.phone_masked }
  })
  const link = computed(() => state.data.value?.link)

  /** The server decides whether the person may see it; a wrong one is led to the login there. */
  function go(): void {
    const recipient = link.value?.recipient_id
    if (!recipient) return
    void router.push(
      state.data.value?.mine ? `${prefix}/signing/${recipient}` : { path: `${prefix}/login`, query: { link: token } },
    )
  }

  return { ...state, link, go, login: `${prefix}/login` }
}
