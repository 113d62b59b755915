/** How wide a document's page may be in its container, and how far it is zoomed. */
import { computed, onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

const ZOOMS = [1, 1.5, 2, 3] as const
/** On a wide screen a page wider than this is no easier to read. */
const WIDEST_PX = 860

export function usePageWidth(container: Ref<HTMLElement | undefined>) {
  const room = ref(0)
  const at = ref(0)
  const zoom = computed(() => ZOOMS[at.value] ?? 1)
  const width = computed(() => Math.floor(Math.min(room.value, WIDEST_PX) * zoom.value))
  let watcher: ResizeObserver | undefined

  onMounted(() => {
    if (!container.value) return
    room.value = container.value.clientWidth
    watcher = new ResizeObserver(([entry]) => (room.value = entry?.contentRect.width ?? room.value))
    watcher.observe(container.value)
  })
  onBeforeUnmount(() => watcher?.disconnect())

  return {
    width, zoom,
    canZoomIn: computed(() => at.value < ZOOMS.length - 1),
    canZoomOut: computed(() => at.value > 0),
    zoomIn: () => (at.value = Math.min(ZOOMS.length - 1, at.value + 1)),
    zoomOut: () => (at.value = Math.max(0, at.value - 1)),
  }
}
