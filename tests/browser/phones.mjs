// The phones of the people: every SMS arrives at the sandbox.

import { until } from './until.mjs'

/** @param {string} sandbox the sandbox's address */
export function phones(sandbox) {
  const url = (phone, afterMs) => new URL(`/api/messages?phone=${phone}&after=${afterMs}`, sandbox)

  /** The newest text to `phone` since `afterMs` that the pattern matches. */
  async function text(phone, afterMs, pattern) {
    return until(`an SMS like ${pattern} to ${phone}`, 20_000, async () => {
      const messages = await (await fetch(url(phone, afterMs))).json()
      return messages.map((message) => message.text).find((each) => pattern.test(each))
    })
  }

  return {
    text,
    /** The six digits of the newest code. */
    async code(phone, afterMs) {
      return (await text(phone, afterMs, /验证码/)).match(/(?<!\d)\d{6}(?!\d)/)[0]
    },
    /** The link that asks to sign. */
    async link(phone, afterMs) {
      return (await text(phone, afterMs, /\/h5\/s\//)).match(/https?:\/\/[^\s，。]+\/h5\/s\/[\w-]+/)[0]
    },
  }
}
