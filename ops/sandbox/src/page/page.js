// The sandbox's page: asks once a second what has changed and draws it anew.
'use strict'
const TABS = ['phones', 'mails', 'certificates', 'faults']
const STATES = { waiting: '等待回执', delivered: '已送达', failed: '未送达' }
const TIMES = [['1', '1 次'], ['3', '3 次'], ['', '持续']]
const HANG_AFTER = { fault: { kind: 'timeout_after_accept' }, name: '受理后不应答', help: '请求已生效，但调用方等不到结果。' }
const HANG_BEFORE = { fault: { kind: 'timeout_before_accept' }, name: '不受理也不应答', help: '请求没有生效，调用方等不到结果。' }
const DELAY = { fault: { kind: 'delay', ms: 3000 }, name: '延迟 3 秒', help: '照常受理，3 秒后才应答。' }
const THROTTLE = { fault: { kind: 'throttle' }, name: '限流', help: '请求没有生效，要求稍后再试。' }
const status = (...codes) => ({
  name: '返回错误状态', help: '请求没有生效。',
  choices: codes.map(([code, label]) => [label, { kind: 'status', code }]),
})
const SERVICES = [
  { id: 'sms', name: '短信发送', faults: [
    HANG_AFTER, HANG_BEFORE, DELAY, THROTTLE,
    { name: '返回供应商错误码', help: '请求没有生效。', choices: [
      ['系统错误 isp.SYSTEM_ERROR', { kind: 'vendor_code', code: 'isp.SYSTEM_ERROR', message: '' }],
      ['每分钟限 1 条 isv.BUSINESS_LIMIT_CONTROL', { kind: 'vendor_code', code: 'isv.BUSINESS_LIMIT_CONTROL', message: '触发分钟级流控Permits:1' }],
      ['每天限 10 条 isv.BUSINESS_LIMIT_CONTROL', { kind: 'vendor_code', code: 'isv.BUSINESS_LIMIT_CONTROL', message: '触发天级流控Permits:10' }],
      ['余额不足 isv.AMOUNT_NOT_ENOUGH', { kind: 'vendor_code', code: 'isv.AMOUNT_NOT_ENOUGH', message: '账户余额不足' }],
      ['号码不合法 isv.MOBILE_NUMBER_ILLEGAL', { kind: 'vendor_code', code: 'isv.MOBILE_NUMBER_ILLEGAL', message: '非法手机号' }],
    ] },
    status([502, 'HTTP 502'], [500, 'HTTP 500']),
    { fault: { kind: 'duplicate_receipt' }, name: '回执重复', help: '同一条送达回执推送两次。' },
    { fault: { kind: 'failed_delivery' }, name: '送达失败', help: '已受理，但手机没有收到。' },
  ] },
  { id: 'sms_query', name: '短信查询', faults: [HANG_BEFORE, DELAY, THROTTLE, status([500, 'HTTP 500'])] },
  { id: 'est', name: '证书签发', faults: [
    HANG_AFTER, HANG_BEFORE, DELAY, THROTTLE,
    status([503, 'HTTP 503 暂不可用'], [202, 'HTTP 202 待人工审批'], [400, 'HTTP 400 拒绝签发']),
  ] },
  { id: 'est_issuers', name: 'CA 证书查询', faults: [HANG_BEFORE, DELAY, THROTTLE, status([500, 'HTTP 500'], [503, 'HTTP 503'])] },
  { id: 'tsa', name: '时间戳', faults: [
    HANG_AFTER, DELAY, THROTTLE, status([503, 'HTTP 503'], [404, 'HTTP 404'], [403, 'HTTP 403']),
    { name: '不予签发', help: '应答是 PKIStatus，没有时间戳。', choices: [
      ['时钟不可用 timeNotAvailable', { kind: 'not_granted', status: 2, failure: 14 }],
      ['系统故障 systemFailure', { kind: 'not_granted', status: 2, failure: 25 }],
      ['算法不支持 badAlg', { kind: 'not_granted', status: 2, failure: 0 }],
      ['稍候 waiting', { kind: 'not_granted', status: 3 }],
    ] },
    { name: '时钟不准', help: '时间戳里的时间不对。', choices: [
      ['快 400 天', { kind: 'wrong_clock', ahead_s: 34560000 }],
      ['慢 400 天', { kind: 'wrong_clock', ahead_s: -34560000 }],
    ] },
    { fault: { kind: 'sha1_signature' }, name: 'SHA-1 签名', help: '时间戳用 SHA-1 签名，验签不认可。' },
    { fault: { kind: 'unnamed_certificate' }, name: '缺少证书标识', help: '时间戳没有写明由哪张证书签名。' },
    { fault: { kind: 'fractional_seconds' }, name: '时间带小数', help: 'RFC 3161 允许，应当正常使用。' },
    { fault: { kind: 'wrong_nonce' }, name: '应答错位', help: '时间戳属于另一次请求（随机数不符）。' },
    { fault: { kind: 'wrong_imprint' }, name: '摘要不符', help: '时间戳盖在别的摘要上。' },
  ] },
  { id: 'ocsp', name: '证书状态查询 OCSP', faults: [
    HANG_AFTER, DELAY, THROTTLE, status([503, 'HTTP 503'], [404, 'HTTP 404'], [200, 'HTTP 200，不是 OCSP 应答']),
    { fault: { kind: 'unknown_certificate' }, name: '证书未知', help: '应答称不认识该证书。' },
    { fault: { kind: 'stale' }, name: '应答过期', help: '应答是十天前的，早已失效。' },
  ] },
  { id: 'crl', name: '吊销列表 CRL', faults: [
    HANG_AFTER, DELAY, THROTTLE, status([503, 'HTTP 503'], [404, 'HTTP 404']),
    { fault: { kind: 'limited' }, name: '限定范围', help: '列表注明所属的分发地址，以及只含用户证书或只含 CA 证书。' },
  ] },
  { id: 'smtp', name: '邮件', faults: [HANG_AFTER, DELAY, status([451, '451 暂时拒收'], [550, '550 拒收'])] },
]

const state = { data: null, revision: '', tab: 'phones', phone: '', seen: new Set(), choice: {} }
const byId = (id) => document.getElementById(id)

/** An element with properties and children; text is always text, never markup. */
function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag)
  for (const [key, value] of Object.entries(properties)) {
    if (key in node) node[key] = value
    else node.setAttribute(key, value)
  }
  node.append(...children.filter((child) => child !== null))
  return node
}

const two = (n) => String(n).padStart(2, '0')
function clock(ms) {
  const at = new Date(ms)
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ` +
    `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}
const spaced = (phone) => phone.replace(/^(\d{3})(\d{4})(\d{4})$/, '$1 $2 $3')

/** The text of a message with its links and codes made to be clicked. */
function parts(text) {
  const pattern = /(https?:\/\/[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]+)|(验证码\s*)(\d{4,8})/g
  const nodes = []
  let at = 0
  for (const match of text.matchAll(pattern)) {
    nodes.push(text.slice(at, match.index))
    if (match[1]) {
      nodes.push(el('a', { href: match[1], target: '_blank', rel: 'noopener', textContent: match[1] }))
    } else {
      const code = match[3]
      const copied = () => copy(code)
      nodes.push(match[2], el('button', { className: 'code', type: 'button', title: '点击复制', textContent: code, onclick: copied }))
    }
    at = match.index + match[0].length
  }
  nodes.push(text.slice(at))
  return nodes
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    toast(`已复制 ${text}`)
  } catch {
    toast(`请手动复制 ${text}`)
  }
}

let toastTimer
function toast(text) {
  const node = byId('toast')
  node.textContent = text
  node.hidden = false
  clearTimeout(toastTimer)
  toastTimer = setTimeout(() => { node.hidden = true }, 1800)
}

function empty(title, hint) {
  return el('div', { className: 'empty' }, el('strong', { textContent: title }), ...hint)
}

function renderPhones() {
  const { messages, public_url: site } = state.data
  if (messages.length === 0) {
    const link = el('a', { href: site, target: '_blank', rel: 'noopener', textContent: '打开业务系统' })
    byId('phones').replaceChildren(empty('还没有短信', ['发起一份合同或获取验证码后，短信会出现在这里。', link]))
    return
  }
  const phones = new Map()
  const sent = new Map()
  for (const message of messages) {
    phones.set(message.phone, [...(phones.get(message.phone) ?? []), message])
    const key = `${message.phone} ${message.out_id}`
    if (message.out_id) sent.set(key, (sent.get(key) ?? 0) + 1)
  }
  if (!phones.has(state.phone)) state.phone = ''
  const chip = (phone, label) => el('button', {
    type: 'button', textContent: label, 'aria-pressed': String(state.phone === phone),
    onclick: () => { state.phone = phone; renderPhones() },
  })
  const chips = el('div', { className: 'chips' }, chip('', '全部手机'), ...[...phones.keys()].map((p) => chip(p, spaced(p))))
  const shown = [...phones].filter(([phone]) => !state.phone || phone === state.phone)
  const columns = shown.map(([phone, list]) => el('article', { className: 'phone' },
    el('h2', {}, spaced(phone), el('small', { textContent: `${list.length} 条` })),
    el('ol', { className: 'talk' }, ...list.map((message) => bubble(message, sent)))))
  const scrolled = new Map([...document.querySelectorAll('.talk')].map((talk, n) => [n, talk.scrollTop]))
  byId('phones').replaceChildren(...(phones.size > 1 ? [chips] : []), el('div', { className: 'phones' }, ...columns))
  document.querySelectorAll('.talk').forEach((talk, n) => { talk.scrollTop = scrolled.get(n) ?? 0 })
  for (const message of messages) state.seen.add(message.id)
}

function bubble(message, sent) {
  const times = sent.get(`${message.phone} ${message.out_id}`) ?? 1
  const fresh = state.seen.size > 0 && !state.seen.has(message.id)
  return el('li', { className: fresh ? 'fresh' : '' },
    el('div', { className: 'bubble' }, ...parts(message.text)),
    el('div', { className: 'foot' },
      el('time', { textContent: clock(message.at_ms) }),
      times > 1 ? el('span', { className: 'twin', textContent: `重复发送 ×${times}`, title: `流水号 ${message.out_id}` }) : null,
      el('span', { className: `state ${message.delivery}`, textContent: STATES[message.delivery] })))
}

function renderMails() {
  const { mails } = state.data
  if (mails.length === 0) {
    byId('mails').replaceChildren(empty('还没有邮件', ['系统发出的邮件会出现在这里。']))
    return
  }
  byId('mails').replaceChildren(el('div', { className: 'mails' }, ...mails.map((mail) => {
    const row = (name, value) => [el('dt', { textContent: name }), el('dd', { textContent: value })]
    const frame = el('iframe', { title: mail.subject || '邮件正文', sandbox: 'allow-popups allow-popups-to-escape-sandbox' })
    frame.srcdoc = `<!doctype html><base target="_blank"><meta charset="utf-8"><style>body{font:15px/1.7 sans-serif}</style>${mail.html}`
    return el('article', { className: 'card' },
      el('h2', { textContent: mail.subject || '（无主题）' }),
      el('dl', {}, ...row('收件人', mail.to.join('、')), ...row('发件人', mail.from), ...row('时间', clock(mail.at_ms))),
      mail.html ? frame : el('div', { className: 'bubble' }, ...parts(mail.text)))
  })))
}

/** Good until somebody takes it back, which cannot be undone. */
function certificateState(one) {
  if (one.revoked_at_ms !== null) return el('td', { className: 'revoked', textContent: `已吊销 ${clock(one.revoked_at_ms)}` })
  const revoke = async () => {
    const response = await fetch(`api/certificates/${one.serial}/revocation`, { method: 'PUT' })
    if (!response.ok) toast('吊销失败')
    await refresh()
  }
  return el('td', {}, el('button', {
    className: 'plain', type: 'button', textContent: '吊销', 'aria-label': `吊销 ${one.common_name} 的证书`, onclick: revoke,
  }))
}

function renderCertificates() {
  const { certificates } = state.data
  const root = el('a', { className: 'plain', href: 'ca.pem', download: 'sandbox-ca.pem', textContent: '下载根证书' })
  const tools = el('div', { className: 'tools' }, el('p', { textContent: '每次签署现场签发一张短期证书；验签时请信任沙箱根证书。' }), root)
  if (certificates.length === 0) {
    byId('certificates').replaceChildren(tools, empty('还没有签发证书', ['签署一份合同后，签署人的证书会出现在这里。']))
    return
  }
  const cell = (text, className = '') => el('td', { textContent: text, className })
  const head = ['签发时间', '姓名或名称', '单位', '有效期至', '序列号', '状态'].map((text) => el('th', { textContent: text, scope: 'col' }))
  const rows = certificates.map((one) => el('tr', {}, cell(clock(one.at_ms)), cell(one.common_name),
    cell(one.organization ?? '—'), cell(clock(Date.parse(one.not_after))), cell(one.serial, 'mono'), certificateState(one)))
  byId('certificates').replaceChildren(tools, el('div', { className: 'card scroll' },
    el('table', {}, el('thead', {}, el('tr', {}, ...head)), el('tbody', {}, ...rows))))
}

const ordered = (service, fault) =>
  state.data.faults.find((order) => order.service === service && order.fault.kind === fault.kind)

async function order(service, fault, times) {
  const body = { service, fault, times }
  const response = await fetch('api/faults', {
    method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
  })
  if (!response.ok) toast(await response.text())
  await refresh()
}

function faultRow(service, spec, index) {
  const key = `${service.id}.${index}`
  const chosen = () => spec.fault ?? spec.choices[state.choice[key] ?? 0][1]
  const standing = ordered(service.id, chosen())
  const times = el('select', { 'aria-label': `${spec.name}：次数`, disabled: Boolean(standing) },
    ...TIMES.map(([value, label]) => el('option', { value, textContent: label })))
  times.value = state.choice[`${key}.times`] ?? '1'
  times.onchange = () => { state.choice[`${key}.times`] = times.value }
  const flip = () => order(service.id, standing?.fault ?? chosen(), standing ? 0 : times.value === '' ? null : Number(times.value))
  const toggle = el('button', {
    className: 'switch', type: 'button', role: 'switch', 'aria-checked': String(Boolean(standing)),
    'aria-label': `${service.name}：${spec.name}`, onclick: flip,
  })
  const left = standing && el('span', { className: 'left', textContent: standing.times === null ? '持续生效' : `剩余 ${standing.times} 次` })
  const row = el('div', { className: 'fault' }, el('b', { textContent: spec.name }), left ?? times, toggle, el('p', { textContent: spec.help }))
  if (spec.choices) {
    const which = el('select', { className: 'wide', 'aria-label': `${spec.name}：内容`, disabled: Boolean(standing) },
      ...spec.choices.map(([label], n) => el('option', { value: n, textContent: label })))
    const same = standing ? spec.choices.findIndex(([, fault]) => JSON.stringify(fault) === JSON.stringify(standing.fault)) : -1
    which.value = String(same >= 0 ? same : state.choice[key] ?? 0)
    which.onchange = () => { state.choice[key] = Number(which.value) }
    row.append(which)
  }
  return row
}

function renderFaults() {
  const clear = el('button', {
    className: 'plain', type: 'button', textContent: '全部恢复正常', disabled: state.data.faults.length === 0,
    onclick: async () => { await fetch('api/faults', { method: 'DELETE' }); await refresh() },
  })
  const tools = el('div', { className: 'tools' }, el('p', { textContent: '打开开关后，接下来的调用会按所选次数出现故障。' }), clear)
  const cards = SERVICES.map((service) => el('section', { className: 'card' }, el('h2', { textContent: service.name }),
    ...service.faults.map((spec, index) => faultRow(service, spec, index))))
  const focused = document.activeElement?.getAttribute('aria-label')
  byId('faults').replaceChildren(tools, el('div', { className: 'services' }, ...cards))
  if (focused) byId('faults').querySelector(`[aria-label="${CSS.escape(focused)}"]`)?.focus()
}

function render() {
  const { messages, mails, certificates, faults } = state.data
  const counts = { phones: messages.length, mails: mails.length, certificates: certificates.length, faults: faults.length }
  for (const tab of TABS) {
    byId(`tab-${tab}`).querySelector('.count').textContent = counts[tab] ? String(counts[tab]) : ''
  }
  renderPhones(); renderMails(); renderCertificates(); renderFaults()
}

function show(tab) {
  state.tab = TABS.includes(tab) ? tab : 'phones'
  for (const name of TABS) {
    byId(name).hidden = name !== state.tab
    byId(`tab-${name}`).setAttribute('aria-selected', String(name === state.tab))
    byId(`tab-${name}`).tabIndex = name === state.tab ? 0 : -1
  }
}

async function refresh() {
  try {
    const response = await fetch(`api/overview?revision=${encodeURIComponent(state.revision)}`)
    if (response.status === 200) {
      state.data = await response.json()
      state.revision = state.data.revision
      render()
    }
    byId('live').textContent = '实时更新'
    byId('live').classList.remove('lost')
  } catch {
    byId('live').textContent = '沙箱已停止，等待恢复'
    byId('live').classList.add('lost')
  }
}

for (const tab of TABS) byId(`tab-${tab}`).onclick = () => { location.hash = tab }
document.querySelector('.tabs').onkeydown = (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
  if (!step) return
  const next = TABS[(TABS.indexOf(state.tab) + step + TABS.length) % TABS.length]
  location.hash = next
  byId(`tab-${next}`).focus()
}
window.onhashchange = () => show(location.hash.slice(1))
show(location.hash.slice(1))

async function follow() {
  if (!document.hidden) await refresh()
  setTimeout(follow, 1000)
}
follow()
