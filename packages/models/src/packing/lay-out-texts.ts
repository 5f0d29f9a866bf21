import { type Texts, textLengths } from './check-texts.js';

/** One text in a row: its first `shared` tokens are those of the text before it. */
export interface PlacedText {
  readonly text: number;
  readonly length: number;
  readonly shared: number;
}

/** A row of packed texts: `used` positions hold tokens. */
export interface PackedRow {
  used: number;
  readonly texts: PlacedText[];
}

/**
 * Lays texts into rows of a length. In the order of their tokens, each goes where it adds the fewest: beside the text that begins most
 * like it. That order makes a row a prefix tree, written depth first, with nothing kept but each row's last text. Empty texts are left out.
 *
 * @param prefixTree - whether texts share their beginnings; otherwise each stands whole
 * @returns as many rows as are needed; every text must be no longer than `rowLength`
 */
export function layOutTexts(texts: Texts, rowLength: number, prefixTree = true): PackedRow[] {
  const { ids, context } = texts;
  const lengths = textLengths(texts);
  const order = [...lengths.keys()].filter((text) => lengths[text]! > 0).sort((a, b) => compare(ids, context, a, b));
  const rows: PackedRow[] = [];
  for (const text of order) {
    const length = lengths[text]!;
    let best: { row: PackedRow; shared: number } | undefined;
    for (const row of rows) {
      const shared = prefixTree ? sharedLength(ids, context, row.texts.at(-1)!, text, length) : 0;
      const room = rowLength - row.used - (length - shared);
      if (room < 0) continue;
      if (!best || shared > best.shared || (shared === best.shared && row.used > best.row.used)) best = { row, shared };
    }
    if (!best) rows.push((best = { row: { used: 0, texts: [] }, shared: 0 }).row);
    best.row.texts.push({ text, length, shared: best.shared });
    best.row.used += length - best.shared;
  }
  return rows;
}

function compare(ids: Int32Array, context: number, a: number, b: number): number {
  for (let i = 0; i < context; i++) {
    const difference = ids[a * context + i]! - ids[b * context + i]!;
    if (difference !== 0) return difference;
  }
  return a - b;
}

function sharedLength(ids: Int32Array, context: number, last: PlacedText, text: number, length: number): number {
  const most = Math.min(last.length, length);
  let shared = 0;
  while (shared < most && ids[last.text * context + shared] === ids[text * context + shared]) shared++;
  return shared;
}
