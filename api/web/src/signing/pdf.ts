/** Opens PDFs in the browser with pdf.js, everything from our own origin. */
import type { PDFDocumentLoadingTask, PDFDocumentProxy, PageViewport } from 'pdfjs-dist'

import { ApiError } from '@/api/problem'

// The legacy build also runs in the browsers inside chat applications, where most SMS links are opened.
const load = () => import('pdfjs-dist/legacy/build/pdf.mjs')

/** Larger canvases fail silently on phones. */
const MAX_CANVAS_PIXELS = 8_000_000

export interface OpenedPdf {
  document: PDFDocumentProxy
  close: () => void
}

let worker: Promise<typeof import('pdfjs-dist')> | undefined

async function pdfjs() {
  worker ??= Promise.all([load(), import('pdfjs-dist/legacy/build/pdf.worker.min.mjs?url')]).then(([library, url]) => {
    library.GlobalWorkerOptions.workerSrc = url.default
    return library as unknown as typeof import('pdfjs-dist')
  })
  try {
    return await worker
  } catch (error) {
    worker = undefined
    throw error
  }
}

/** Opens the file behind `url`. Failures are `ApiError`s: the file is missing, not allowed, or did not arrive. */
export async function openPdf(url: string, progress?: (part: number) => void): Promise<OpenedPdf> {
  const library = await pdfjs()
  const task: PDFDocumentLoadingTask = library.getDocument({
    url,
    cMapUrl: '/pdfjs/cmaps/',
    cMapPacked: true,
    standardFontDataUrl: '/pdfjs/standard_fonts/',
    wasmUrl: '/pdfjs/wasm/',
    useWasm: false,
    isEvalSupported: false,
    enableXfa: false,
  })
  if (progress) {
    task.onProgress = ({ loaded, total }: { loaded: number; total: number }) => progress(total > 0 ? loaded / total : 0)
  }
  try {
    return { document: await task.promise, close: () => void task.destroy() }
  } catch (cause) {
    void task.destroy()
    const status = Number((cause as { status?: number }).status ?? 0)
    const error = new ApiError(
      status === 401 ? 'expired' : status === 403 ? 'forbidden' : status === 404 ? 'missing' : status >= 500 || status === 0 ? 'offline' : 'refused',
      status,
    )
    error.cause = cause
    throw error
  }
}

/** Canvas pixels for a CSS pixel: sharp on good screens, within what phones can allocate. */
export function pixelRatio(cssWidth: number, cssHeight: number, ratio = globalThis.devicePixelRatio || 1): number {
  const area = Math.max(1, cssWidth * cssHeight)
  return Math.min(ratio, Math.sqrt(MAX_CANVAS_PIXELS / area))
}

export interface Box {
  left: number
  top: number
  width: number
  height: number
}

/**
 * Where a field lies on its page, in per cent, so that it scales with the page. Field rectangles are in points from the
 * lower left corner of the page as it is shown.
 */
export function boxOf(
  field: { x: number; y: number; w: number; h: number },
  page: Pick<PageViewport, 'width' | 'height'>,
): Box {
  return {
    left: (field.x / page.width) * 100,
    top: ((page.height - field.y - field.h) / page.height) * 100,
    width: (field.w / page.width) * 100,
    height: (field.h / page.height) * 100,
  }
}
