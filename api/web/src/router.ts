/** Routes and their guards: the right face, a session, a role, and back to where one wanted to go. */
import { type RouteLocationNormalized, type RouteRecordRaw, createRouter, createWebHistory } from 'vue-router'

import { ApiError } from '@/api/problem'
import { type Face, counterpart } from '@/face'
import { useSession } from '@/stores/session'

const routes: RouteRecordRaw[] = [
  {
    path: '/h5',
    component: () => import('@/phone/PhoneLayout.vue'),
    children: [
      { path: '', name: 'phone-home', component: () => import('@/phone/HomePage.vue'), meta: { auth: true, title: 'home.title' } },
      { path: 'login', name: 'phone-login', component: () => import('@/phone/LoginPage.vue'), meta: { title: 'login.title' } },
      { path: 's/:token', name: 'phone-link', component: () => import('@/phone/LinkPage.vue'), props: true, meta: { title: 'link.title' } },
      {
        path: 'contracts/:contractId',
        name: 'phone-contract',
        component: () => import('@/phone/ContractPage.vue'),
        props: true,
        meta: { auth: true, title: 'contract.title' },
      },
      {
        path: 'signing/:recipientId',
        name: 'phone-signing',
        component: () => import('@/phone/SigningPage.vue'),
        props: true,
        meta: { auth: true, title: 'sign.title' },
      },
      { path: 'validate', name: 'phone-validate', component: () => import('@/phone/ValidatePage.vue'), meta: { auth: true, title: 'validation.title' } },
      { path: 'seals', name: 'phone-seals', component: () => import('@/seals/SealsPage.vue'), meta: { auth: true, roles: ['seal_manager'], title: 'seals.title' } },
      { path: 'seals/new', name: 'phone-seal-make', component: () => import('@/seals/SealMakePage.vue'), meta: { auth: true, roles: ['seal_manager'], title: 'seals.new' } },
      {
        path: 'seals/:sealId',
        name: 'phone-seal',
        component: () => import('@/seals/SealPage.vue'),
        props: true,
        meta: { auth: true, roles: ['seal_manager'], title: 'seals.one' },
      },
      { path: 'no-right', name: 'phone-no-right', component: () => import('@/components/NoRightPage.vue') },
      { path: ':rest(.*)*', component: () => import('@/components/MissingPage.vue') },
    ],
  },
  {
    path: '/',
    component: () => import('@/pc/PcLayout.vue'),
    children: [
      { path: '', name: 'workbench', component: () => import('@/pc/WorkbenchPage.vue'), meta: { auth: true, title: 'workbench.title' } },
      { path: 'login', name: 'login', component: () => import('@/pc/LoginPage.vue'), meta: { title: 'login.title' } },
      { path: 's/:token', name: 'link', component: () => import('@/pc/LinkPage.vue'), props: true, meta: { title: 'link.title' } },
      { path: 'contracts', name: 'contracts', component: () => import('@/pc/ContractsPage.vue'), meta: { auth: true, title: 'contracts.title' } },
      {
        path: 'contracts/new',
        name: 'compose',
        component: () => import('@/pc/ComposePage.vue'),
        meta: { auth: true, roles: ['sender'], title: 'compose.title' },
      },
      {
        path: 'contracts/:contractId',
        name: 'contract',
        component: () => import('@/pc/ContractPage.vue'),
        props: true,
        meta: { auth: true, title: 'contract.title' },
      },
      {
        path: 'signing/:recipientId',
        name: 'signing',
        component: () => import('@/pc/SigningPage.vue'),
        props: true,
        meta: { auth: true, title: 'sign.title' },
      },
      { path: 'validate', name: 'validate', component: () => import('@/pc/ValidatePage.vue'), meta: { auth: true, title: 'validation.title' } },
      { path: 'seals', name: 'seals', component: () => import('@/seals/SealsPage.vue'), meta: { auth: true, roles: ['seal_manager'], title: 'seals.title' } },
      { path: 'seals/new', name: 'seal-make', component: () => import('@/seals/SealMakePage.vue'), meta: { auth: true, roles: ['seal_manager'], title: 'seals.new' } },
      {
        path: 'seals/:sealId',
        name: 'seal',
        component: () => import('@/seals/SealPage.vue'),
        props: true,
        meta: { auth: true, roles: ['seal_manager'], title: 'seals.one' },
      },
      { path: 'ops', name: 'ops', component: () => import('@/ops/OpsPage.vue'), meta: { auth: true, roles: ['ops'], title: 'ops.title' } },
      {
        path: 'ops/instances/:instanceId',
        name: 'ops-instance',
        component: () => import('@/ops/InstancePage.vue'),
        props: true,
        meta: { auth: true, roles: ['ops'], title: 'ops.instance' },
      },
      { path: 'no-right', name: 'no-right', component: () => import('@/components/NoRightPage.vue') },
      { path: ':rest(.*)*', component: () => import('@/components/MissingPage.vue') },
    ],
  },
]

/** A destination inside the app; anything else is dropped, so that a link cannot lead to another site. */
export function safeDestination(to: unknown): string | undefined {
  if (typeof to !== 'string' || !/^\/(?![/\\])/.test(to)) return undefined
  return /^\/(h5\/)?login(\?|$)/.test(to) ? undefined : to
}

export function loginOf(face: Face, to: RouteLocationNormalized | string, reason?: 'expired') {
  const destination = safeDestination(typeof to === 'string' ? to : to.fullPath)
  const home = face === 'phone' ? '/h5' : '/'
  return {
    path: face === 'phone' ? '/h5/login' : '/login',
    query: { ...(destination && destination !== home ? { to: destination } : {}), ...(reason ? { reason } : {}) },
  }
}

export function createAppRouter(face: Face) {
  const router = createRouter({
    history: createWebHistory('/'),
    routes,
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  })

  router.beforeEach(async (to) => {
    const other = counterpart(to.path, face)
    if (other) return { path: other, query: to.query, hash: to.hash, replace: true }
    if (!to.meta.auth) return true
    const session = useSession()
    try {
      if (!(await session.ensure())) return loginOf(face, to)
    } catch (error) {
      // Without an answer the page itself says so and can ask again.
      if (!(error instanceof ApiError)) throw error
      return true
    }
    const roles = to.matched.flatMap((record) => record.meta.roles ?? [])
    return roles.length === 0 || session.hasRole(roles) ? true : { name: face === 'phone' ? 'phone-no-right' : 'no-right', replace: true }
  })
  return router
}
