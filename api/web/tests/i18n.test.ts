import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import en from '@/i18n/en'
import { durationParts, mobileOf, sizeParts, timeText } from '@/i18n/format'
import zh from '@/i18n/zh'

type Tree = { [key: string]: string | Tree }

function flat(tree: Tree, prefix = ''): Map<string, string> {
  const all = new Map<string, string>()
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') all.set(prefix + key, value)
    else for (const [path, words] of flat(value, `${prefix}${key}.`)) all.set(path, words)
  }
  return all
}
const placeholders = (words: string) => [...words.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort()

function sources(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name)
    if (statSync(path).isDirectory()) return name === 'i18n' ? [] : sources(path)
    return /\.(vue|ts)$/.test(name) && !name.endsWith('.d.ts') ? [path] : []
  })
}

const [chinese, english] = [flat(zh as Tree), flat(en as Tree)]

describe('messages', () => {
  it('have the same keys in both languages', () => {
    expect([...english.keys()].sort()).toEqual([...chinese.keys()].sort())
  })
  it('have the same placeholders and are never empty', () => {
    for (const [key, words] of chinese) {
      expect(words.trim(), key).not.toBe('')
      expect(english.get(key)?.trim(), key).not.toBe('')
      expect(placeholders(english.get(key) ?? ''), key).toEqual(placeholders(words))
    }
  })
  it('hold everything that the pages name', () => {
    const prefixes = new Set([...chinese.keys()].flatMap((key) => key.split('.').map((_, i, parts) => parts.slice(0, i + 1).join('.'))))
    for (const path of sources(join(process.cwd(), 'src'))) {
      const source = readFileSync(path, 'utf8')
      for (const [, key] of source.matchAll(/\bt\(\s*'([\w.]+)'/g)) expect(chinese.has(key ?? ''), `${path}: ${key}`).toBe(true)
      for (const [, stem] of source.matchAll(/\bt\(\s*`([\w.]+)\.\$\{/g)) expect(prefixes.has(stem ?? ''), `${path}: ${stem}`).toBe(true)
    }
  })
  it('are the only place with Chinese words', () => {
    for (const path of sources(join(process.cwd(), 'src'))) {
      const source = readFileSync(path, 'utf8').replace(/<!--[\s\S]*?-->|\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
      expect(/[\u4e00-\u9fff]/.test(source), path).toBe(false)
    }
  })
})

describe('formats', () => {
  it('write times in full', () => {
    expect(timeText(new Date(2026, 10, 23, 14, 5).getTime())).toBe('2026-11-23 14:05')
    expect(timeText(undefined)).toBe('—')
  })
  it('take mobile numbers as people write them, and nothing else', () => {
    for (const text of ['13900000001', '+86 139 0000 0001', '0086-13900000001', '8613900000001', '１３９００００００01']) {
      expect(mobileOf(text), text).toBe('13900000001')
    }
    for (const text of ['', '1390000000', '12900000001', '139000000011', '+1 13900000001', 'abc']) expect(mobileOf(text), text).toBeUndefined()
  })
  it('choose readable units', () => {
    expect(durationParts(95_000)).toEqual({ unit: 'seconds', n: 95 })
    expect(durationParts(3 * 60_000)).toEqual({ unit: 'minutes', n: 3 })
    expect(durationParts(3 * 86_400_000)).toEqual({ unit: 'days', n: 3 })
    expect(sizeParts(52_428_800).size).toBe('52.4')
    expect(sizeParts(10)).toEqual({ key: 'common.bytes_small', size: '1' })
  })
})
