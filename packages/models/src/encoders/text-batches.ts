import type { HostArray, PackedTexts } from '@fsc-clip/core';
import { packInto } from '../packing/pack-texts.js';
import { type PackedShape, planPacking } from '../packing/plan-packing.js';

/** Ids of one text, from start-of-text to end-of-text; zeros behind them are padding. */
export type TokenIds = ArrayLike<number>;

/** The shapes for batches of up to `count` texts, rows growing longer and fewer. */
export interface TextShapes {
  readonly count: number;
  readonly shapes: readonly PackedShape[];
}

/** Texts packed for one run: as many as `count` of its shapes, of which the first `filled` are texts and the rest empty slots. */
export interface TextBatch {
  readonly packed: PackedTexts<HostArray>;
  readonly filled: number;
}

/**
 * Packs texts into batches of few shapes. What does not fit into a batch goes with the next one, so that no program is larger than most
 * batches need.
 *
 * @param shapesFor - the shapes for a run over texts that begins with these
 */
export async function* textBatches(
  texts: AsyncIterable<TokenIds>,
  batchSize: number,
  shapesFor: (first: readonly TokenIds[]) => TextShapes,
): AsyncGenerator<TextBatch> {
  let shapes: TextShapes | undefined;
  let waiting: TokenIds[] = [];
  const next = (): TextBatch => {
    shapes ??= shapesFor(waiting);
    const batch = pack(waiting, shapes);
    waiting = waiting.slice(batch.filled);
    return batch;
  };
  for await (const text of texts) {
    waiting.push(text);
    if (waiting.length === batchSize) yield next();
  }
  while (waiting.length > 0) yield next();
}

/**
 * The shape that suits a sample of a batch, then rows of twice the length with about as many positions, and so on to the longest that a
 * text can be: a text that is longer than a row takes a longer one.
 *
 * @param context - T of the model
 * @param width - of the text tower
 */
export function textShapes(sample: readonly TokenIds[], context: number, width: number): TextShapes {
  const count = sample.length;
  const { rows, rowLength } = planPacking([tokenRows(sample, count, context)], { margin: 0, width }).shapes[0]!;
  const shapes: PackedShape[] = [];
  for (let length = rowLength; ; length = Math.min(2 * length, context)) {
    shapes.push({ rows: Math.min(count, Math.ceil((rows * rowLength) / length)), rowLength: length, textLength: context });
    if (length >= context) return { count, shapes };
  }
}

/** As many of the texts as fit into the shape whose rows are long enough for each of them: the last shape is for any. */
function pack(texts: readonly TokenIds[], { count, shapes }: TextShapes): TextBatch {
  const longest = texts.reduce((longest, ids) => Math.max(longest, textLength(ids)), 0);
  const shape = shapes.find(({ rowLength }) => rowLength >= longest) ?? shapes.at(-1)!;
  for (let filled = Math.min(count, texts.length); ; filled = Math.floor(0.95 * filled)) {
    const { data } = tokenRows(texts.slice(0, filled), count, shape.textLength);
    const packed = packInto({ ids: data, count, context: shape.textLength }, shape);
    if (packed) return { packed, filled };
  }
}

function textLength(ids: TokenIds): number {
  let length = ids.length;
  while (length > 0 && ids[length - 1] === 0) length--;
  return length;
}

/** i32 [count, context]: the texts padded, and empty slots behind them. */
function tokenRows(texts: readonly TokenIds[], count: number, context: number): HostArray<Int32Array> {
  const data = new Int32Array(count * context);
  for (const [row, ids] of texts.entries()) for (let i = textLength(ids) - 1; i >= 0; i--) data[row * context + i] = ids[i]!;
  return { data, shape: [count, context] };
}
