// Polls a state that can be seen from outside, with a deadline.

/**
 * Asks until the answer is truthy, and returns it.
 * @param {string} what for the message when it never is
 * @param {number} patienceMs
 * @param {() => Promise<unknown>} ask
 */
export async function until(what, patienceMs, ask) {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (Date.now() > deadline) throw new Error(`not within ${patienceMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}
