/** The languages: Chinese first, English on demand. */
import { createI18n } from 'vue-i18n'

import { setApiLanguage } from '@/api/client'

import zh, { type Messages } from './zh'

export type Language = 'zh-CN' | 'en'
const KEPT = 'sealflow.language'

export const i18n = createI18n<[Messages], Language, false>({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zh } as Record<Language, Messages>,
})

function kept(): string | null {
  try {
    return localStorage.getItem(KEPT)
  } catch {
    return null
  }
}

/** The language chosen earlier, else Chinese: many browsers in Chinese offices claim to be English. */
export function preferredLanguage(): Language {
  return kept() === 'en' ? 'en' : 'zh-CN'
}

/** Loads the language if need be and uses it everywhere, the server's problems included. */
export async function useLanguage(language: Language, options: { keep?: boolean } = {}): Promise<void> {
  if (language === 'en' && !i18n.global.availableLocales.includes('en')) {
    i18n.global.setLocaleMessage('en', (await import('./en')).default)
  }
  i18n.global.locale.value = language
  document.documentElement.lang = language
  setApiLanguage(language)
  if (!options.keep) return
  try {
    localStorage.setItem(KEPT, language)
  } catch {
    // The choice then lasts as long as the page.
  }
}
