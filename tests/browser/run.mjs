// A whole contract through the pages: the sender on a PC, the supplier on a phone, the buyer's transactor on a PC.
//
//   node tests/browser/run.mjs --program target/debug/sealflow --contract contract.pdf --out target/browser

import { createRequire } from 'node:module'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { parseArgs } from 'node:util'

import { journey } from './journey.mjs'
import { phones } from './phones.mjs'
import { start } from './program.mjs'

const { chromium } = createRequire(new URL('../../api/web/package.json', import.meta.url))('playwright-core')

const { values: options } = parseArgs({
  options: {
    program: { type: 'string', default: 'target/debug/sealflow' },
    contract: { type: 'string', default: 'target/browser-contract.pdf' },
    out: { type: 'string', default: 'target/browser' },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
})

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let passed = 0
let failed = 0

/** One thing that must hold. The first that does not ends the journey, for the others stand on it. */
async function step(what, act) {
  try {
    const result = await act()
    passed += 1
    console.log(`ok      ${what}`)
    return result
  } catch (error) {
    failed += 1
    console.log(`FAILED  ${what}\n${error.stack ?? error}`)
    throw error
  }
}

await rm(options.out, { recursive: true, force: true })
await mkdir(options.out, { recursive: true })
const contract = await readFile(options.contract)
const program = await start(options.program, `${options.out}/program.log`)
const browser = await chromium.launch({ executablePath: options.chromium, headless: true, args: FLAGS })
try {
  await journey({ browser, app: program.app, texts: phones(program.sandbox), contract, out: options.out, step })
} catch {
  // It is told above.
} finally {
  await browser.close()
  await step('the program stops when asked to', async () => {
    const code = await program.stop()
    if (code !== 0) throw new Error(`it ended with ${code}`)
  }).catch(() => {})
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
