import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type EffectScope, effectScope } from 'vue'

import { i18n, useLanguage } from '@/i18n'
import { useSealMaking } from '@/seals/useSealMaking'

let scope: EffectScope
let languages: (string | null)[]

beforeEach(() => {
  scope = effectScope()
  languages = []
  vi.stubGlobal('fetch', async (request: Request) => {
    const language = request.headers.get('accept-language')
    languages.push(language)
    const message = language === 'en' ? 'give a name' : '请填写姓名'
    const problem = { code: 'invalid_fields', title: '', fields: [{ field: 'person_name', message }] }
    return new Response(JSON.stringify(problem), { status: 422, headers: { 'content-type': 'application/json' } })
  })
})
afterEach(async () => {
  scope.stop()
  vi.unstubAllGlobals()
  await useLanguage('zh-CN')
})

it('tells what is wrong with a seal in the language that was chosen since', async () => {
  const making = scope.run(() => useSealMaking('o1')) as ReturnType<typeof useSealMaking>
  await making.draw()
  expect(making.wrong('person_name')).toBe('请填写姓名')
  await useLanguage('en')
  expect(i18n.global.locale.value).toBe('en')
  await vi.waitFor(() => expect(making.wrong('person_name')).toBe('give a name'))
  expect(languages).toEqual(['zh-CN', 'en'])
})
