/** Whether the browser believes that there is a network. */
import { onScopeDispose, ref } from 'vue'

export function useOnline() {
  const online = ref(navigator.onLine !== false)
  const update = () => (online.value = navigator.onLine !== false)
  addEventListener('online', update)
  addEventListener('offline', update)
  onScopeDispose(() => {
    removeEventListener('online', update)
    removeEventListener('offline', update)
  })
  return online
}
