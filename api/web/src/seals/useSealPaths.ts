/** Where the pages about seals are on this face, and for which organization they are. */
import { inject } from 'vue'
import { useRoute } from 'vue-router'

import type { Face } from '@/face'
import { useSession } from '@/stores/session'

export function useSealPaths() {
  const phone = inject<Face>('face', 'pc') === 'phone'
  const base = phone ? '/h5/seals' : '/seals'
  const home = phone ? '/h5' : '/'
  const organizations = useSession().me?.organizations ?? []
  const asked = useRoute().query.organization
  /** The one that the address names, else the first that the person administers, else the first. */
  const chosen =
    organizations.find((each) => each.id === asked) ?? organizations.find((each) => each.roles.includes('org_admin')) ?? organizations[0]
  const of = (path: string, organization = chosen?.id) => ({ path: `${base}${path}`, query: { organization } })
  return { base, home, organizations, organizationId: chosen?.id ?? '', of }
}
