import { DataError, type HostArray, OptionError } from '@fsc-clip/core';
import { checkTexts, textLengths } from './check-texts.js';
import { layOutTexts } from './lay-out-texts.js';

/** The shape of packed texts: R rows of L positions, read back as texts of T tokens. */
export interface PackedShape {
  readonly rows: number;
  readonly rowLength: number;
  readonly textLength: number;
}

/** Shapes for the batches of a run, the smallest first. Each one that is used is a program of its own. */
export interface PackingPlan {
  readonly shapes: readonly PackedShape[];
  /** Whether what texts begin with alike is computed once. @defaultValue true */
  readonly prefixTree?: boolean;
}

/** Options of `planPacking`. */
export interface PlanPackingOptions {
  /**
   * Rows beyond what the samples needed, as a part of them: batches that still need more take the largest shape.
   * @defaultValue 0.05
   */
  readonly margin?: number;
  /**
   * Width of the text tower, which tells what long rows cost: attention grows with their length.
   * @defaultValue 512
   */
  readonly width?: number;
  /** Whether what texts begin with alike is computed once; `false` lays every text out whole. @defaultValue true */
  readonly prefixTree?: boolean;
}

const rowLengths = [16, 24, ...Array.from({ length: 15 }, (_, i) => 32 + 16 * i)]; // 16, 24, 32, 48 … 256

/**
 * Chooses the shapes for packing from some batches of a run: one that fits them, with the row length that costs least, and one that fits
 * any batch of as many texts (each in a row of its own).
 *
 * @param samples - batches of texts, i32 [N, T] as they come from a loader, all of one shape
 * @throws DataError when there is no sample
 * @throws ShapeError when the samples are no texts, or of different shapes
 * @throws OptionError for an option out of its range
 * @example
 * const plan = planPacking(firstBatches.map(({ texts }) => texts));
 * const packed = packTexts(batch.texts, plan);
 */
export function planPacking(
  samples: Iterable<HostArray>,
  { margin = 0.05, width = 512, prefixTree = true }: PlanPackingOptions = {},
): PackingPlan {
  for (const [argument, number] of Object.entries({ margin, width })) {
    if (Number.isFinite(number) && number >= 0) continue;
    throw new OptionError({ function: 'planPacking', argument, rule: 'must be a number of at least 0', got: String(number) });
  }
  const batches = [...samples];
  const first = batches[0];
  if (!first) {
    throw new DataError({ function: 'planPacking', argument: 'samples', rule: 'must hold a batch at least', got: 'none' });
  }
  const checked = batches.map((texts) => checkTexts('planPacking', 'samples', texts, first.shape));
  const [count, context] = first.shape as [number, number];
  const longest = checked.reduce((longest, texts) => Math.max(longest, ...textLengths(texts)), 1);
  const textLength = Math.min(context, Math.ceil(longest / 8) * 8);

  let best: { cost: number; shape: PackedShape } | undefined;
  for (const rowLength of rowLengths) {
    if (rowLength < longest) continue;
    const needed = checked.reduce((most, texts) => Math.max(most, layOutTexts(texts, rowLength, prefixTree).length), 1);
    const rows = Math.min(count, Math.ceil(needed * (1 + margin)));
    const cost = rows * rowLength * (12 * width + 2 * rowLength); // products with weights, and attention
    if (!best || cost < best.cost) best = { cost, shape: { rows, rowLength, textLength } };
  }
  const all = { rows: count, rowLength: context, textLength: context };
  return { shapes: best && best.shape.rows * best.shape.rowLength < count * context ? [best.shape, all] : [all], prefixTree };
}
