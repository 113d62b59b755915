/** Durations in words. */
import { useI18n } from 'vue-i18n'

import { durationParts } from '@/i18n/format'

export function useDuration() {
  const { t } = useI18n()
  return (ms: number | null | undefined): string => {
    if (ms === null || ms === undefined) return t('common.none')
    const { unit, n } = durationParts(ms)
    return t(`duration.${unit}`, { n })
  }
}
