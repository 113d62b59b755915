// One person in front of one screen: finds things by data-testid, and keeps a picture of every step.

import { join } from 'node:path'

import { until } from './until.mjs'

/** The two screens that the pages are made for. */
export const SCREENS = {
  phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true },
  pc: { viewport: { width: 1440, height: 900 } },
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {{name: string, phone: string, screen: keyof SCREENS, out: string, texts: ReturnType<typeof import('./phones.mjs').phones>}} who
 */
export async function person(browser, { name, phone, screen, out, texts }) {
  const context = await browser.newContext({ ...SCREENS[screen], locale: 'zh-CN', timezoneId: 'Asia/Shanghai', acceptDownloads: true })
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const troubles = []
  page.on('pageerror', (error) => troubles.push(`${name}: ${error.message}`))
  page.on('console', (message) => {
    // An answer that the test provokes is logged by the browser itself, not by the page.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) troubles.push(`${name}: ${message.text()}`)
  })
  let pictures = 0

  const me = {
    page,
    phone,
    troubles,
    at: (id) => page.getByTestId(id).first(),
    /** Some components put the test id around their input, some on it. */
    input: (id) => page.locator(`input[data-testid="${id}"], [data-testid="${id}"] input`).first(),
    click: (id) => me.at(id).click(),
    fill: (id, value) => me.input(id).fill(value),
    async picture(what, fullPage = false) {
      pictures += 1
      const file = `${name}-${String(pictures).padStart(2, '0')}-${what}.png`
      await page.screenshot({ path: join(out, file), fullPage })
    },
    /** Asks for a code on the open page and returns it when the SMS arrives. */
    async code() {
      const before = Date.now()
      await me.click('get-code')
      return texts.code(phone, before)
    },
    /** On the login page. */
    async logIn() {
      await me.fill('phone-input', phone)
      await me.fill('code-input', await me.code())
      await me.picture('login')
      await me.click('login-submit')
    },
    /** Waits for a stage of the signing page: agreement, reading, sign, intent. */
    stage: (stage) => page.locator(`[data-stage="${stage}"]`).waitFor(),
    outcome: (outcome) => page.locator(`[data-testid="outcome"][data-outcome="${outcome}"]`).waitFor({ timeout: 60_000 }),
    /** Turns every page of the document past, as a reader does, until the button lets one go on. */
    async read() {
      const pages = page.locator('[data-page]')
      await until('the document is read', 60_000, async () => {
        for (let n = 0; n < (await pages.count()); n += 1) await pages.nth(n).scrollIntoViewIfNeeded()
        await pages.last().evaluate((element) => element.scrollIntoView({ block: 'end' }))
        return me.at('next').isEnabled()
      })
    },
    /** Draws something that looks like a name on the open pad: sideways when the pad wants the phone to be turned. */
    async draw() {
      const box = await me.settled('pad-canvas')
      const sideways = box.height > box.width
      for (const stroke of STROKES) {
        const points = stroke.map(([x, y]) => {
          const [right, down] = sideways ? [1 - y, x] : [x, y]
          return [box.x + right * box.width, box.y + down * box.height]
        })
        await page.mouse.move(...points[0])
        await page.mouse.down()
        for (const point of points.slice(1)) await page.mouse.move(...point, { steps: 8 })
        await page.mouse.up()
      }
    },
    /** Takes hold of a point and moves it. */
    async drag([x, y], [right, down]) {
      await page.mouse.move(x, y)
      await page.mouse.down()
      await page.mouse.move(x + right, y + down, { steps: 4 })
      await page.mouse.up()
    },
    /** Where something is, once it has stopped moving. */
    async settled(id) {
      let before
      return until(`${id} has stopped moving`, 5_000, async () => {
        const box = await me.at(id).boundingBox()
        const still = before !== undefined && box !== null && before.x === box.x && before.y === box.y
        before = box ?? undefined
        return still && box
      })
    },
    /** Fills every field of the kind by `fill`, which is called when the field was touched. */
    async fields(kind, fill) {
      const fields = page.getByTestId(`field-${kind}`)
      await fields.first().waitFor()
      for (let n = 0; n < (await fields.count()); n += 1) {
        await fields.nth(n).scrollIntoViewIfNeeded()
        await fields.nth(n).click()
        await fill()
        await until(`the ${kind} is shown as filled`, 10_000, async () => (await fields.nth(n).getAttribute('data-filled')) === 'true')
      }
    },
    close: () => context.close(),
  }
  return me
}

/** In parts of the pad's width and height. */
const STROKES = [
  [[0.2, 0.35], [0.32, 0.3], [0.42, 0.33]],
  [[0.31, 0.2], [0.3, 0.5], [0.24, 0.75]],
  [[0.22, 0.55], [0.4, 0.5]],
  [[0.5, 0.3], [0.72, 0.26], [0.66, 0.45], [0.52, 0.7], [0.78, 0.68]],
]
