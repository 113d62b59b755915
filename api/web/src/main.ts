import { createPinia } from 'pinia'
import { createApp, watch } from 'vue'

import { whenSessionExpires } from '@/api/client'
import { useSession } from '@/stores/session'

import App from './App.vue'
import { detectFace } from './face'
import { i18n, preferredLanguage, useLanguage } from './i18n'
import { createAppRouter, loginOf } from './router'
import './styles/base.css'

const face = detectFace()
document.documentElement.dataset.face = face

const app = createApp(App)
const router = createAppRouter(face)
app.use(createPinia()).use(i18n).use(router).provide('face', face)

whenSessionExpires(() => {
  useSession().ended()
  const here = router.currentRoute.value
  if (here.meta.auth) void router.replace(loginOf(face, here, 'expired'))
})

// After a release, the old page's chunks are gone: load the page anew, once.
router.onError((error: Error, to) => {
  if (!/dynamically imported module|Importing a module script|preload CSS/i.test(error.message)) return
  const key = 'sealflow.reloaded'
  if (sessionStorage.getItem(key) === to.fullPath) return
  sessionStorage.setItem(key, to.fullPath)
  location.assign(to.fullPath)
})

watch(
  () => [router.currentRoute.value.meta.title, i18n.global.locale.value] as const,
  ([title]) => {
    const name = i18n.global.t('app.name')
    document.title = title ? `${i18n.global.t(title)} · ${name}` : name
  },
)

await useLanguage(preferredLanguage())
app.mount('#app')
