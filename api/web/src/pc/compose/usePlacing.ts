/** The fields of a draft while they are placed. */
import { reactive, ref } from 'vue'

import { newKey } from '@/api/client'
import type { ApiError } from '@/api/problem'
import type { Document, PlacedField, RoleField } from '@/api/types'

import { FIELDS_MAX, indexOfProblem, newEntry, type PageMm, type PlacedEntry, placedOf, type Wanted } from './placing'

export function usePlacing() {
  const entries = reactive<PlacedEntry[]>([])
  const chosenKey = ref<string>()
  /** What the server said about entries, until they change. */
  const refusals = reactive(new Map<string, string>())
  let sentKeys: string[] = []

  function take(fields: readonly PlacedField[]): void {
    entries.splice(0, entries.length, ...fields.map((field) => ({ ...field, key: newKey() })))
    refusals.clear()
    chosenKey.value = undefined
  }

  function add(wanted: Omit<Wanted, 'key'>, ofType: readonly RoleField[], page?: PageMm): PlacedEntry | undefined {
    if (entries.length >= FIELDS_MAX) return undefined
    entries.push(newEntry({ ...wanted, key: newKey() }, ofType, entries, page))
    chosenKey.value = entries.at(-1)?.key
    return entries.at(-1)
  }

  function change(entry: PlacedEntry, to: Partial<PlacedField>): void {
    Object.assign(entry, to)
    refusals.delete(entry.key)
  }

  function remove(key: string): void {
    const at = entries.findIndex((entry) => entry.key === key)
    if (at < 0) return
    entries.splice(at, 1)
    refusals.delete(key)
    if (chosenKey.value === key) chosenKey.value = (entries[at] ?? entries[at - 1])?.key
  }

  /** What lies on a file that was removed, or is for a role that the contract type does not have, goes with it. */
  function keepOnly(roles: readonly string[], documents: readonly Document[]): void {
    const gone = (entry: PlacedEntry) =>
      !roles.includes(entry.role) || (entry.document_id && !documents.some((document) => document.id === entry.document_id))
    for (const entry of entries.filter(gone)) remove(entry.key)
  }

  function sent(): PlacedField[] {
    sentKeys = entries.map((entry) => entry.key)
    refusals.clear()
    return entries.map(placedOf)
  }

  function refused(error: ApiError | undefined): void {
    for (const { field, message } of error?.fields ?? []) {
      const key = sentKeys[indexOfProblem(field) ?? -1]
      if (key) refusals.set(key, message)
    }
  }

  return { entries, chosenKey, refusals, take, add, change, remove, keepOnly, sent, refused }
}

export type Placing = ReturnType<typeof usePlacing>
