// The journey itself: what each person does, in order, and what the pages must show then.

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { person } from './person.mjs'
import { until } from './until.mjs'

const SENDER = '13800000001'
const SUPPLIER = '13900000001'
const TRANSACTOR = '13800000002'
const ORGANIZATION = '示例采购有限公司'
const PLACE_OF_DELIVERY = '交货地点：上海市示例路一号'

/**
 * @param {{browser: import('playwright-core').Browser, app: string, contract: Buffer, out: string,
 *   texts: ReturnType<typeof import('./phones.mjs').phones>, step: (what: string, act: () => Promise<unknown>) => Promise<unknown>}} given
 */
export async function journey({ browser, app, texts, contract, out, step }) {
  const begun = Date.now()
  const someone = (name, phone, screen) => person(browser, { name, phone, screen, out, texts })
  const sender = await someone('sender', SENDER, 'pc')
  const supplier = await someone('supplier', SUPPLIER, 'phone')
  const buyer = await someone('buyer', TRANSACTOR, 'pc')

  await step('the sender logs in on a PC', async () => {
    await sender.page.goto(`${app}/login`)
    await sender.logIn()
    await sender.at('new-contract').waitFor()
    await sender.picture('workbench')
  })
  await step('the sender uploads a contract, names both parties and sends it', () => send(sender, contract))

  const link = await step('the supplier gets an SMS with a link', () => texts.link(SUPPLIER, begun))
  await step('the link leads the supplier to the login and to the contract', async () => {
    await supplier.page.goto(link)
    assert.equal(await supplier.at('link-phone').textContent(), '139****0001')
    await supplier.picture('link')
    await supplier.click('link-go')
    await supplier.logIn()
    await supplier.stage('agreement')
  })
  await step('the supplier agrees and reads to the last page', async () => {
    await agree(supplier)
    await supplier.stage('reading')
    assert.equal(await supplier.at('next').isEnabled(), false, 'the reading could be skipped')
    await supplier.picture('reading')
    await supplier.read()
    await supplier.click('next')
    await supplier.stage('sign')
  })
  await step('the supplier signs by hand on the phone', async () => {
    let isDrawn = false
    await supplier.fields('signature', async () => {
      if (isDrawn) return supplier.click('use-last-signature')
      isDrawn = true
      await supplier.at('pad-canvas').waitFor()
      await supplier.draw()
      await supplier.picture('pad')
      await supplier.click('pad-confirm')
    })
    for (const field of await supplier.page.getByTestId('field-signature').all()) {
      const drawn = await field.locator('line').count()
      assert.ok(drawn >= 20, `only ${drawn} pieces of the strokes are shown`)
    }
    await supplier.fields('text', async () => {
      await supplier.at('text-input').fill(PLACE_OF_DELIVERY)
      await supplier.click('text-confirm')
    })
    await supplier.picture('text')
    await supplier.fields('date', async () => {})
    await supplier.picture('fields')
  })
  await step('a wrong code does not confirm, and the right one does', () => confirm(supplier))

  const second = await step('the buyer gets an SMS when the supplier has signed', () => texts.link(TRANSACTOR, begun))
  await step('the buyer seals on a PC', async () => {
    await buyer.page.goto(second)
    await buyer.click('link-go')
    await buyer.logIn()
    await buyer.stage('agreement')
    await agree(buyer)
    await buyer.stage('sign')
    await buyer.fields('seal', () => buyer.click('seal-choice'))
    await sealAcross(buyer)
    await buyer.fields('date', async () => {})
    await buyer.picture('fields')
  })
  await step('the buyer confirms', () => confirm(buyer))

  await step('everybody is told that the contract is complete', async () => {
    for (const phone of [SUPPLIER, TRANSACTOR]) await texts.text(phone, begun, /全部完成签署/)
  })
  await step('the sender sees it completed and downloads it', async () => {
    await until('the contract is shown as completed', 20_000, async () => {
      await sender.page.reload()
      // The page is there before the contract is.
      const status = sender.page.locator('h1 [data-status]')
      return (await status.getAttribute('data-status')) === 'completed'
    })
    await sender.picture('completed', true)
    const [download] = await Promise.all([sender.page.waitForEvent('download'), sender.click('download')])
    const signed = await readFile(await download.path())
    await writeFile(join(out, 'signed.pdf'), signed)
    assert.ok(signed.subarray(0, contract.length).equals(contract), 'the uploaded bytes were changed')
    assert.equal(signed.toString('latin1').split('/ByteRange').length - 1, 2, 'two signatures are expected')
  })
  await step('a used link tells that it was used', async () => {
    const stranger = await someone('stranger', SUPPLIER, 'phone')
    await stranger.page.goto(link)
    await stranger.page.locator('[data-testid="error-note"][data-code="link_used"]').waitFor()
    await stranger.picture('used-link')
    await stranger.close()
  })
  await step('no page reported a trouble', async () => {
    assert.deepEqual([sender, supplier, buyer].flatMap((each) => each.troubles), [])
  })
}

async function send(sender, contract) {
  await sender.click('new-contract')
  await sender.at('file-input').setInputFiles({ name: '示例采购合同.pdf', mimeType: 'application/pdf', buffer: contract })
  await sender.page.locator('[data-testid="file-row"][data-state="uploaded"]').waitFor()
  await sender.picture('files')
  await sender.click('next')
  await sender.click('type-supplier_purchase')
  await sender.picture('type')
  await sender.click('next')
  await sender.fill('recipient-0-name', '示例签署人')
  await sender.fill('recipient-0-phone', SUPPLIER)
  await sender.click('recipient-1-organization')
  await sender.page.getByRole('option', { name: ORGANIZATION }).click()
  await sender.fill('recipient-1-name', '示例经办人')
  await sender.fill('recipient-1-phone', TRANSACTOR)
  await sender.picture('recipients')
  await sender.click('next')
  await place(sender)
  await sender.click('next')
  await sender.picture('review')
  await sender.click('send')
  await sender.page.locator('h1 [data-status="in_progress"]').waitFor()
  await sender.picture('sent')
}

/** Beside what the contract type places: a signature and a text for the supplier, a seal across all pages for the buyer. */
async function place(sender) {
  const placed = sender.page.getByTestId('placed-row')
  await sender.page.locator('[data-page="1"] canvas').waitFor()
  await sender.click('add-signature')
  await sender.page.keyboard.press('Shift+ArrowDown')
  await sender.click('add-text')
  const text = await sender.settled('placed-text')
  await sender.drag([text.x + 10, text.y + 5], [30, 150])
  const moved = await sender.settled('placed-text')
  assert.ok(moved.x > text.x + 20 && moved.y > text.y + 120, 'the text was not moved')
  const corner = await sender.settled('corner-text')
  await sender.drag([corner.x + corner.width - 2, corner.y + corner.height - 2], [40, 4])
  const sized = await sender.settled('placed-text')
  assert.ok(sized.width > moved.width + 30 && Math.abs(sized.x - moved.x) < 1, 'the text was not made wider')
  await sender.at('placing-role-buyer').check()
  await sender.click('add-seal')
  await sender.page.keyboard.press('Delete')
  await sender.click('add-cross_page_seal')
  assert.deepEqual(await placed.evaluateAll((rows) => rows.map((row) => row.dataset.kind)), ['signature', 'text', 'cross_page_seal'])
  await sender.picture('placing', true)
}

/** One touch fills its parts on all pages. */
async function sealAcross(buyer) {
  const parts = buyer.page.getByTestId('field-cross_page_seal')
  await parts.first().scrollIntoViewIfNeeded()
  await parts.first().click()
  await buyer.click('seal-choice')
  await until('the seal is shown on every page', 10_000, async () => {
    const filled = await parts.evaluateAll((all) => all.map((part) => part.dataset.filled))
    return filled.length >= 11 && filled.every((each) => each === 'true')
  })
  await parts.first().scrollIntoViewIfNeeded()
  await buyer.picture('across')
}

/** The button scrolls to the end of a long text first. */
async function agree(someone) {
  await someone.picture('agreement')
  await until('the agreement is accepted', 10_000, async () => {
    if ((await someone.page.locator('[data-stage="agreement"]').count()) === 0) return true
    await someone.at('agree').click({ timeout: 1_000 }).catch(() => {})
    return false
  })
}

/** First with a wrong code, then with the right one. */
async function confirm(someone) {
  await someone.click('sign-now')
  await someone.stage('intent')
  const code = await someone.code()
  const wrong = String((Number(code) + 1) % 1_000_000).padStart(6, '0')
  await someone.fill('code-input', wrong)
  await someone.click('confirm-sign')
  await someone.page.locator('[data-testid="inline-error"][data-code="code_wrong"]').waitFor()
  await someone.fill('code-input', code)
  await someone.picture('intent')
  await someone.click('confirm-sign')
  await someone.outcome('signed')
  await someone.picture('signed')
}
