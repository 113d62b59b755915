/** How far a signer has read: pages reached over all documents, and the seconds the text was in view. */

export interface Reading {
  /** Pages reached, counted over all documents in their order. */
  pages: number
  seconds: number
}

export function readingDone(reading: Reading, totalPages: number, minSeconds: number): boolean {
  return totalPages > 0 && reading.pages >= totalPages && reading.seconds >= minSeconds
}

/** Pages before document `index`. */
export function pagesBefore(documents: readonly { page_count: number }[], index: number): number {
  return documents.slice(0, index).reduce((sum, document) => sum + document.page_count, 0)
}

const keyOf = (recipientId: string) => `sealflow.reading.${recipientId}`

/** What was read before a reload of the page; broken or missing notes count as nothing. */
export function recall(storage: Storage, recipientId: string): Reading {
  try {
    const note = JSON.parse(storage.getItem(keyOf(recipientId)) ?? '{}') as Partial<Reading>
    return { pages: Number(note.pages) || 0, seconds: Number(note.seconds) || 0 }
  } catch {
    return { pages: 0, seconds: 0 }
  }
}

export function remember(storage: Storage, recipientId: string, reading: Reading): void {
  try {
    storage.setItem(keyOf(recipientId), JSON.stringify(reading))
  } catch {
    // A full or forbidden storage costs only the memory of a reload.
  }
}
