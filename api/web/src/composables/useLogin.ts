/** Logging in by phone and code, for both faces; keeps where the visitor wanted to go. */
import { computed, inject, onMounted, ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { useRoute, useRouter } from 'vue-router'

import { body, client } from '@/api/client'
import type { Link } from '@/api/types'
import type { Face } from '@/face'
import { mobileOf } from '@/i18n/format'
import { safeDestination } from '@/router'
import { useSession } from '@/stores/session'

import { useAction } from './useAction'
import { useCountdown } from './useCountdown'

export function useLogin() {
  const { t } = useI18n()
  const route = useRoute()
  const router = useRouter()
  const session = useSession()
  const face = inject<Face>('face', 'pc')

  const phone = ref('')
  const code = ref('')
  const sent = ref(false)
  const touched = ref({ phone: false, code: false })
  const countdown = useCountdown()
  const asking = useAction()
  const entering = useAction()

  const token = computed(() => (typeof route.query.link === 'string' ? route.query.link : undefined))
  const link = shallowRef<Link>()
  const expired = computed(() => route.query.reason === 'expired')
  const mobile = computed(() => mobileOf(phone.value))
  const digits = computed(() => code.value.normalize('NFKC').replace(/\D/g, ''))
  const phoneError = computed(() => (touched.value.phone && !mobile.value ? t('login.phone_wrong') : ''))
  const codeError = computed(() => (touched.value.code && !/^\d{6}$/.test(digits.value) ? t('login.code_wrong') : ''))

  onMounted(async () => {
    if (token.value) {
      const params = { path: { token: token.value } }
      link.value = await body(client.GET('/api/links/{token}', { params }), { quiet: true }).catch(() => undefined)
    }
  })

  async function requestCode(): Promise<void> {
    touched.value.phone = true
    const to = mobile.value
    if (!to || countdown.left.value > 0) return
    entering.error.value = undefined
    const answer = await asking.run(['code', to], () =>
      body(client.POST('/api/login/codes', { body: { phone: to, link: token.value } })),
    )
    if (answer) {
      sent.value = true
      countdown.start(answer.retry_after_s)
    } else if (asking.error.value?.retryAfterS) countdown.start(asking.error.value.retryAfterS)
  }

  async function submit(): Promise<void> {
    touched.value = { phone: true, code: true }
    const to = mobile.value
    if (!to || phoneError.value || codeError.value) return
    asking.error.value = undefined
    const about = { phone: to, code: digits.value, link: token.value }
    const answer = await entering.run(about, () => body(client.POST('/api/login', { body: about }), { quiet: true }))
    if (!answer) {
      if (entering.error.value?.kind !== 'offline') code.value = ''
      touched.value.code = false
      return
    }
    session.started(answer.person)
    await router.replace(destination(answer.destination?.recipient_id))
  }

  function destination(recipientId: string | undefined): string {
    const prefix = face === 'phone' ? '/h5' : ''
    if (recipientId) return `${prefix}/signing/${recipientId}`
    return safeDestination(route.query.to) ?? (prefix || '/')
  }

  return {
    phone, code, sent, link, expired, phoneError, codeError, left: countdown.left, touched,
    asking: asking.busy, entering: entering.busy, error: computed(() => entering.error.value ?? asking.error.value),
    requestCode, submit,
  }
}
