import { DataError, type HostArray, OptionError, type PackedTexts } from '@fsc-clip/core';
import { checkTexts, type Texts, textLengths } from './check-texts.js';
import { layOutTexts, type PackedRow } from './lay-out-texts.js';
import type { PackedShape, PackingPlan } from './plan-packing.js';

/**
 * Packs padded texts for a model: the same features, tokens and gradients, with only real tokens computed, and shared beginnings once.
 * Takes the first shape of the plan that the texts fit in.
 *
 * Exact, since a causal tower never looks to the right. Only tokens at masked positions differ: the padded path computes numbers there,
 * this one repeats those of a real token.
 *
 * @param texts - i32 [N, T], start … end, padded with zeros; tokens count up to the last id that is not 0
 * @param plan - by `planPacking`, or shapes of your own
 * @returns inputs of a program, `{ ids, positions, reach, gather, endIndex, mask }`
 * @throws ShapeError when `texts` are not i32 [N, T]
 * @throws DataError when the texts fit in no shape of the plan
 * @example
 * const packed = packTexts(batch.texts, plan);
 * const output = model.apply(params, { images: batch.images, packed }, { denseTokens: true });
 */
export function packTexts(texts: HostArray, plan: PackingPlan): PackedTexts<HostArray> {
  const checked = checkTexts('packTexts', 'texts', texts);
  checkPlan(plan);
  for (const shape of plan.shapes) {
    const packed = packInto(checked, shape, plan.prefixTree);
    if (packed) return packed;
  }
  const shapes = plan.shapes.map(({ rows, rowLength, textLength }) => `${rows} x ${rowLength} (T ${textLength})`).join(', ');
  throw new DataError({
    function: 'packTexts',
    argument: 'texts',
    rule: `must fit in a shape of the plan, ${shapes}`,
    got: `${checked.count} texts of up to ${checked.context} tokens`,
    hint: 'planPacking gives a last shape that every batch of that many texts fits in',
  });
}

/** The texts packed into one shape; undefined when they do not fit in. */
export function packInto(texts: Texts, shape: PackedShape, prefixTree?: boolean): PackedTexts<HostArray> | undefined {
  const rows = fit(texts, shape, prefixTree);
  return rows && write(texts, rows, shape);
}

function checkPlan({ shapes }: PackingPlan): void {
  for (const [i, shape] of shapes.entries()) {
    for (const name of ['rows', 'rowLength', 'textLength'] as const) {
      if (Number.isInteger(shape[name]) && shape[name] > 0) continue;
      const argument = `plan.shapes[${i}].${name}`;
      throw new OptionError({ function: 'packTexts', argument, rule: 'must be a positive integer', got: String(shape[name]) });
    }
  }
}

function fit(texts: Texts, { rows, rowLength, textLength }: PackedShape, prefixTree?: boolean): PackedRow[] | undefined {
  if (Math.max(0, ...textLengths(texts)) > Math.min(textLength, rowLength)) return undefined;
  const needed = layOutTexts(texts, rowLength, prefixTree);
  return needed.length <= rows ? needed : undefined;
}

function write({ ids, count, context }: Texts, rows: readonly PackedRow[], shape: PackedShape): PackedTexts<HostArray> {
  const { rowLength, textLength } = shape;
  const inRows = () => new Int32Array(shape.rows * rowLength);
  const packed = { ids: inRows(), positions: inRows(), reach: inRows().map((_, place) => (place % rowLength) + 1) };
  const [gather, mask] = [new Int32Array(count * textLength), new Float32Array(count * textLength)];
  const endIndex = new Int32Array(count);

  for (const [row, { texts, used }] of rows.entries()) {
    const start = row * rowLength;
    const path: number[] = []; // positions in the row of the tokens of the text at hand
    let next = 0;
    for (const { text, length, shared } of texts) {
      for (const left of path.splice(shared)) packed.reach[start + left] = next;
      for (let i = shared; i < length; i++) {
        packed.ids[start + next] = ids[text * context + i]!;
        packed.positions[start + next] = i;
        path.push(next++);
      }
      let end = 0; // the largest id is end-of-text
      for (const [i, position] of path.entries()) {
        const id = ids[text * context + i]!;
        gather[text * textLength + i] = start + position;
        mask[text * textLength + i] = i > 0 && id > 0 ? 1 : 0;
        if (id > ids[text * context + end]!) end = i;
      }
      endIndex[text] = start + path[end]!;
    }
    for (const left of path) packed.reach[start + left] = used;
  }
  const rowsOf = (data: Int32Array) => ({ data, shape: [shape.rows, rowLength] });
  return {
    ids: rowsOf(packed.ids),
    positions: rowsOf(packed.positions),
    reach: rowsOf(packed.reach),
    gather: { data: gather, shape: [count, textLength] },
    endIndex: { data: endIndex, shape: [count] },
    mask: { data: mask, shape: [count, textLength] },
  };
}
