/**
 * Two faces, one app: below 768 px the phone's pages. Decided once a page load: turning a phone sideways in the middle of
 * a signature must not swap the page under the finger.
 */
export type Face = 'phone' | 'pc'

export const PHONE_BELOW_PX = 768

export function faceOf(width: number, screenShortSide: number, touch: boolean): Face {
  return width < PHONE_BELOW_PX || (touch && screenShortSide < PHONE_BELOW_PX) ? 'phone' : 'pc'
}

export function detectFace(): Face {
  const touch = globalThis.matchMedia?.('(pointer: coarse)').matches ?? false
  return faceOf(innerWidth, Math.min(screen.width, screen.height), touch)
}

/** Pages that exist on both faces: the phone's path and the PC's. */
const PAIRS: [phone: RegExp, toPc: string, pc: RegExp, toPhone: string][] = [
  [/^\/h5\/login$/, '/login', /^\/login$/, '/h5/login'],
  [/^\/h5\/validate$/, '/validate', /^\/validate$/, '/h5/validate'],
  [/^\/h5\/seals(\/[^/]+)?$/, '/seals$1', /^\/seals(\/[^/]+)?$/, '/h5/seals$1'],
  [/^\/h5\/s\/([^/]+)$/, '/s/$1', /^\/s\/([^/]+)$/, '/h5/s/$1'],
  [/^\/h5\/signing\/([^/]+)$/, '/signing/$1', /^\/signing\/([^/]+)$/, '/h5/signing/$1'],
  [/^\/h5\/contracts\/([^/]+)$/, '/contracts/$1', /^\/contracts\/(?!new$)([^/]+)$/, '/h5/contracts/$1'],
  [/^\/h5\/?$/, '/', /^\/(?:contracts)?$/, '/h5'],
]

/** The same page on this face; undefined when the path already belongs to it or has no counterpart. */
export function counterpart(path: string, face: Face): string | undefined {
  for (const [phone, toPc, pc, toPhone] of PAIRS) {
    if (face === 'pc' && phone.test(path)) return path.replace(phone, toPc)
    if (face === 'phone' && pc.test(path)) return path.replace(pc, toPhone)
  }
  return undefined
}
