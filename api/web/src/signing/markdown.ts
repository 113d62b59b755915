/**
 * The agreements' texts are Markdown. Only what a legal text needs is read: headings, paragraphs, lists, bold. Everything
 * else stays as it was written, and nothing becomes HTML.
 */

export interface Span {
  text: string
  bold: boolean
}

export type Block =
  | { kind: 'heading'; level: number; spans: Span[] }
  | { kind: 'paragraph'; spans: Span[] }
  | { kind: 'list'; ordered: boolean; start: number; items: Span[][] }

const HEADING = /^(#{1,6})\s+(.*)$/
const ITEM = /^\s*(?:(\d{1,4})[.)]|[-*])\s+(.*)$/

/** Bold parts; asterisks without a partner stay. */
export function spansOf(text: string): Span[] {
  const parts = text.split(/\*\*(?=\S)([\s\S]*?\S)\*\*/)
  return parts.map((part, i) => ({ text: part, bold: i % 2 === 1 })).filter((span) => span.text !== '')
}

export function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  let lines: string[] = []
  const endParagraph = () => {
    if (lines.length > 0) blocks.push({ kind: 'paragraph', spans: spansOf(lines.join('\n')) })
    lines = []
  }
  for (const line of text.replace(/\r\n?/g, '\n').split('\n')) {
    const heading = HEADING.exec(line)
    const item = ITEM.exec(line)
    if (line.trim() === '') endParagraph()
    else if (heading) {
      endParagraph()
      blocks.push({ kind: 'heading', level: heading[1]?.length ?? 1, spans: spansOf(heading[2] ?? '') })
    } else if (item) {
      endParagraph()
      addItem(blocks, item[1], spansOf(item[2] ?? ''))
    } else lines.push(line)
  }
  endParagraph()
  return blocks
}

function addItem(blocks: Block[], number: string | undefined, spans: Span[]): void {
  const last = blocks.at(-1)
  const ordered = number !== undefined
  if (last?.kind === 'list' && last.ordered === ordered) last.items.push(spans)
  else blocks.push({ kind: 'list', ordered, start: Number(number ?? 1), items: [spans] })
}
