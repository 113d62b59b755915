import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

import { type Face, counterpart, faceOf } from '@/face'
import { createAppRouter, loginOf, safeDestination } from '@/router'
import { useSession } from '@/stores/session'

const person = (roles: string[]) => ({ id: 'p1', name: '示例签署人', phone_masked: '139****0001', roles, organizations: [] })

describe('faces', () => {
  it('are the phone’s below 768 px, also when a phone lies on its side', () => {
    expect(faceOf(767, 900, false)).toBe('phone')
    expect(faceOf(768, 900, false)).toBe('pc')
    expect(faceOf(844, 390, true)).toBe('phone')
    expect(faceOf(1180, 820, true)).toBe('pc')
  })
  it('lead to the same page of the other face, and leave their own alone', () => {
    expect(counterpart('/h5/s/abc', 'pc')).toBe('/s/abc')
    expect(counterpart('/signing/r1', 'phone')).toBe('/h5/signing/r1')
    expect(counterpart('/h5', 'pc')).toBe('/')
    expect(counterpart('/', 'phone')).toBe('/h5')
    expect(counterpart('/contracts/new', 'phone')).toBeUndefined()
    expect(counterpart('/h5/login', 'phone')).toBeUndefined()
    expect(counterpart('/ops', 'phone')).toBeUndefined()
  })
})

describe('destinations', () => {
  it('are inside the app', () => {
    expect(safeDestination('/contracts/c1?x=1')).toBe('/contracts/c1?x=1')
    for (const to of ['//evil.example', '/\\evil.example', 'https://evil.example', 'javascript:alert(1)', '', undefined, ['/a']]) {
      expect(safeDestination(to)).toBeUndefined()
    }
  })
  it('never are the login itself', () => {
    expect(safeDestination('/h5/login?to=%2Fh5')).toBeUndefined()
    expect(safeDestination('/login')).toBeUndefined()
  })
  it('travel with the login, with the reason', () => {
    expect(loginOf('phone', '/h5/signing/r1', 'expired')).toEqual({ path: '/h5/login', query: { to: '/h5/signing/r1', reason: 'expired' } })
    expect(loginOf('pc', '/')).toEqual({ path: '/login', query: {} })
  })
})

describe('guards', () => {
  let me: unknown = null
  let status = 200

  beforeEach(() => {
    setActivePinia(createPinia())
    vi.stubGlobal('fetch', () =>
      Promise.resolve(
        new Response(JSON.stringify(me ?? { code: 'not_signed_in' }), { status: me ? status : 401, headers: { 'content-type': 'application/json' } }),
      ),
    )
  })
  afterEach(() => {
    vi.unstubAllGlobals()
    me = null
    status = 200
  })

  async function go(face: Face, path: string): Promise<string> {
    const router = createAppRouter(face)
    for (const route of router.getRoutes()) for (const key of Object.keys(route.components ?? {})) route.components![key] = { render: () => null }
    await router.push(path)
    return router.currentRoute.value.fullPath
  }

  it('lead a visitor without a session to the login and back', async () => {
    expect(await go('pc', '/contracts/c1')).toBe('/login?to=/contracts/c1')
    expect(await go('phone', '/signing/r1')).toBe('/h5/login?to=/h5/signing/r1')
  })
  it('let a person in who is logged in', async () => {
    me = person([])
    expect(await go('pc', '/contracts/c1')).toBe('/contracts/c1')
  })
  it('keep the operators’ and the senders’ pages for their roles', async () => {
    me = person(['sender'])
    expect(await go('pc', '/ops')).toBe('/no-right')
    expect(await go('pc', '/contracts/new')).toBe('/contracts/new')
    me = person(['ops'])
    setActivePinia(createPinia())
    expect(await go('pc', '/ops')).toBe('/ops')
    expect(await go('pc', '/contracts/new')).toBe('/no-right')
  })
  it('keep the seals for who manages some, on both faces', async () => {
    me = person(['sender'])
    expect(await go('pc', '/seals')).toBe('/no-right')
    expect(await go('phone', '/seals/new')).toBe('/h5/no-right')
    me = person(['seal_manager'])
    setActivePinia(createPinia())
    expect(await go('pc', '/h5/seals/s1')).toBe('/seals/s1')
    expect(await go('phone', '/seals')).toBe('/h5/seals')
  })
  it('show link and login to everybody, and keep nobody out while the server is down', async () => {
    expect(await go('phone', '/h5/s/token')).toBe('/h5/s/token')
    me = {}
    status = 503
    expect(await go('pc', '/')).toBe('/')
    expect(useSession().me).toBeUndefined()
  })
})
