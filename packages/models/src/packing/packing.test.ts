import '@tensorflow/tfjs';
import { createKey, type HostArray, type PackedTexts } from '@fsc-clip/core';
import { mergeParams, partitionParams, valueAndGrads } from '@fsc-clip/core/tensor';
import { add, expandDims, mul, ones, type Scalar, sin, sum, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClipConfig } from '../config/clip-config.js';
import { createModel } from '../model/create-model.js';
import { packTexts } from './pack-texts.js';
import { planPacking } from './plan-packing.js';

const [start, end, context] = [18, 19, 7];
const config: ClipConfig = {
  embed_dim: 6,
  vision_cfg: { image_size: 8, patch_size: 4, width: 16, layers: 1, head_width: 8 },
  text_cfg: { context_length: context, vocab_size: 20, width: 12, heads: 3, layers: 2 },
};
const model = createModel(config);
const params = model.init(createKey(1));
const [trained, frozen] = partitionParams(params, (name) => !name.startsWith('visual.') && name !== 'logit_scale');
const images = ones([2, 3, 8, 8]);

/** Rows of ids, padded with zeros. */
function batch(...texts: number[][]): HostArray<Int32Array> {
  const data = new Int32Array(texts.length * context);
  for (const [i, ids] of texts.entries()) data.set(ids, i * context);
  return { data, shape: [texts.length, context] };
}

function tensors(packed: PackedTexts<HostArray>): PackedTexts<Tensor> {
  const entries = Object.entries(packed).map(([name, { data, shape }]: [string, HostArray]) => {
    return [name, tensor(data, [...shape], data instanceof Int32Array ? 'int32' : 'float32')];
  });
  return Object.fromEntries(entries) as unknown as PackedTexts<Tensor>;
}

const rowOf = ({ data, shape }: HostArray, row: number) => [...data.slice(row * shape[1]!, (row + 1) * shape[1]!)];
const shape = (rows: number, rowLength: number, textLength = context) => ({ shapes: [{ rows, rowLength, textLength }] });

describe('packTexts', () => {
  it('writes what two texts begin with once', () => {
    const packed = packTexts(batch([start, 4, 5, end], [start, 4, 6, 7, end]), shape(2, 8, 5));
    // A row is a tree, depth first: start 4 (5 end) (6 7 end)
    expect(rowOf(packed.ids, 0)).toEqual([start, 4, 5, end, 6, 7, end, 0]);
    expect(rowOf(packed.positions, 0)).toEqual([0, 1, 2, 3, 2, 3, 4, 0]);
    expect(rowOf(packed.reach, 0)).toEqual([7, 7, 4, 4, 7, 7, 7, 8]);
    expect(rowOf(packed.gather, 0)).toEqual([0, 1, 2, 3, 0]);
    expect(rowOf(packed.gather, 1)).toEqual([0, 1, 4, 5, 6]);
    expect([...packed.endIndex.data]).toEqual([3, 6]);
    expect(rowOf(packed.mask, 0)).toEqual([0, 1, 1, 1, 0]);
    expect(rowOf(packed.ids, 1)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('lays texts out whole where beginnings are not shared', () => {
    const packed = packTexts(batch([start, 4, 5, end], [start, 4, 6, end]), { ...shape(1, 8, 4), prefixTree: false });
    expect(rowOf(packed.ids, 0)).toEqual([start, 4, 5, end, start, 4, 6, end]);
    expect(rowOf(packed.reach, 0)).toEqual([4, 4, 4, 4, 8, 8, 8, 8]);
    expect(rowOf(packed.gather, 1)).toEqual([4, 5, 6, 7]);
  });

  it('takes the first shape that fits', () => {
    const plan = { shapes: [...shape(1, 6, 5).shapes, ...shape(2, context).shapes] };
    expect(packTexts(batch([start, 4, end], [start, 5, end]), plan).ids.shape).toEqual([1, 6]);
    expect(packTexts(batch([start, 4, 5, end], [start, 5, 5, end]), plan).ids.shape).toEqual([2, context]); // 7 tokens in 6 positions
    expect(packTexts(batch([start, 4, 5, 6, 7, end], []), plan).ids.shape).toEqual([2, context]); // 6 tokens in texts of 5
  });

  it('explains what it cannot take', () => {
    expect(() => packTexts(batch([start, 4, 5, end]), shape(1, 3))).toThrow(
      'packTexts: `texts` must fit in a shape of the plan, 1 x 3 (T 7), got 1 texts of up to 7 tokens',
    );
    expect(() => packTexts({ data: new Float32Array(7), shape: [1, 7] }, shape(1, 7))).toThrow(
      'must be i32 [N, T], got Float32Array [1, 7]',
    );
    expect(() => packTexts(batch([start, end]), shape(0, 7))).toThrow('`plan.shapes[0].rows` must be a positive integer, got 0');
  });
});

const text = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: context - 2 }).map((words) => [start, ...words, end]);
const texts = fc.array(fc.oneof({ weight: 6, arbitrary: text }, { weight: 1, arbitrary: fc.constant<number[]>([]) }), {
  minLength: 1,
  maxLength: 9,
});

describe('a model of packed texts', () => {
  it('has the features, tokens, mask and gradients of the padded ones', () => {
    const lossAndGrads = valueAndGrads((weights, input: { texts: Tensor } | { packed: PackedTexts<Tensor> }, held: Tensor) => {
      const output = model.apply(mergeParams(weights, frozen), { images, ...input }, { denseTokens: true });
      // Features of empty slots are arbitrary, and so are tokens of padding: losses mask them.
      const features = mul(output.textFeatures, held);
      const tokens = mul(output.textTokens, expandDims(output.textMask, 2));
      const total = add(sum(sin(mul(features, 3))), sum(mul(tokens, sin(tokens)))) as Scalar;
      return { total, terms: { features, tokens, mask: output.textMask } as unknown as Record<string, Scalar> };
    });
    fc.assert(
      fc.property(texts, fc.integer({ min: context, max: 20 }), fc.boolean(), (rows, rowLength, prefixTree) => {
        const padded = batch(...rows);
        const held = tensor(rows.map((ids) => [Math.sign(ids.length)]));
        const packed = packTexts(padded, { ...shape(rows.length, rowLength), prefixTree });
        tidy(() => {
          const expected = lossAndGrads(trained, { texts: tensor(padded.data, [rows.length, context], 'int32') }, held);
          const got = lossAndGrads(trained, { packed: tensors(packed) }, held);
          for (const [name, value] of Object.entries({ ...expected.terms, ...expected.grads })) {
            const other = { ...got.terms, ...got.grads }[name]!.dataSync();
            const scale = Math.max(1, ...value.dataSync().map(Math.abs));
            for (const [i, number] of value.dataSync().entries()) expect(Math.abs(other[i]! - number) / scale, name).toBeLessThan(1e-5);
          }
        });
      }),
      { numRuns: 12 },
    );
  });

  it('checks what it is given', () => {
    const packed = tensors(packTexts(batch([start, 4, end], [start, end]), shape(1, 7)));
    expect(() => model.encodeText(params, { ...packed, ids: ones([1, 7]) })).toThrow('encodeText: `packed.ids` must be int32, got float32');
    expect(() => model.encodeText(params, { ...packed, reach: ones([2, 7], 'int32') })).toThrow('packed.reach');
  });
});

describe('planPacking', () => {
  const captions = Array.from({ length: 40 }, (_, i) => [start, 1 + (i % 3), 1 + (i % 4), end]);

  it('fits its samples, and in the end everything', () => {
    const plan = planPacking([batch(...captions)], { margin: 0 });
    expect(plan.shapes).toHaveLength(2);
    expect(packTexts(batch(...captions), plan).ids.shape).toEqual([plan.shapes[0]!.rows, plan.shapes[0]!.rowLength]);
    const worst = captions.map((_, i) => [start, 1 + (i % 17), 1 + (i % 13), 1 + (i % 11), 1 + (i % 7), 1, end]);
    expect(packTexts(batch(...worst), plan).ids.shape).toEqual([40, context]);
  });

  it('needs more rows where beginnings are not shared', () => {
    const [shared, whole] = [true, false].map((prefixTree) => planPacking([batch(...captions)], { margin: 0, prefixTree }));
    const positions = ({ shapes: [first] }: NonNullable<typeof shared>) => first!.rows * first!.rowLength;
    expect(positions(whole!)).toBeGreaterThan(2 * positions(shared!));
    expect(packTexts(batch(...captions), whole!).ids.shape).toEqual([whole!.shapes[0]!.rows, whole!.shapes[0]!.rowLength]);
  });

  it('leaves out a shape that saves nothing', () => {
    expect(planPacking([batch([start, 1, 2, 3, 4, 5, end])]).shapes).toEqual(shape(1, context).shapes);
  });

  it('explains what it cannot plan with', () => {
    expect(() => planPacking([])).toThrow('planPacking: `samples` must hold a batch at least, got none');
    expect(() => planPacking([batch([start, end]), batch([start, end], [])])).toThrow(
      '`samples` must be i32 [1, 7], got Int32Array [2, 7]',
    );
    expect(() => planPacking([batch([start, end])], { margin: -1 })).toThrow('`margin` must be a number of at least 0, got -1');
  });
});
