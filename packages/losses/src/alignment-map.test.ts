import '@tensorflow/tfjs';
import { OptionError, ShapeError } from '@fsc-clip/core';
import { add, grads, memory, mul, ones, type Scalar, slice, squeeze, sum, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alignmentMap } from './index.js';
import { sampleOutput } from './testing/index.js';

const rows = (map: Tensor) => map.arraySync() as number[][];
const close = (...numbers: number[]) => numbers.map((number) => expect.closeTo(number, 6));

describe('alignmentMap', () => {
  const patches = tensor2d([[2], [6], [10], [3]]); // one dimension, text token 1: the similarities themselves
  const text = ones([1, 1]);
  const word = ones([1]);

  it('brings similarities to [0, 1] and divides by their sum', () => {
    // [0, 4, 8, 1] / 8 = [0, 1/2, 1, 1/8], sum 13/8
    expect(rows(alignmentMap(patches, text, word))).toEqual([close(0, 4 / 13, 8 / 13, 1 / 13)]);
  });

  it('sparsifies: below 1/P = 1/4 nothing is left', () => {
    expect(rows(alignmentMap(patches, text, word, { sparsify: true }))).toEqual([close(0, 1 / 3, 2 / 3, 0)]);
  });

  it('takes a softmax instead, with which sparsify changes nothing', () => {
    const weights = [2, 6, 10, 3].map((similarity) => Math.exp(similarity - 10));
    const total = weights.reduce((left, right) => left + right);
    for (const sparsify of [false, true]) {
      expect(rows(alignmentMap(patches, text, word, { normalizer: 'softmax', sparsify }))).toEqual([
        close(...weights.map((weight) => weight / total)),
      ]);
    }
  });

  it('is uniform where all patches are equally similar', () => {
    for (const options of [{}, { sparsify: true }, { normalizer: 'softmax' }] as const) {
      expect(rows(alignmentMap(mul(ones([4, 1]), 0.1), text, word, options))).toEqual([close(0.25, 0.25, 0.25, 0.25)]);
      expect(rows(alignmentMap(ones([1, 1]), text, word, options))).toEqual([close(1)]);
      expect(rows(alignmentMap(patches, mul(text, 0), word, options))).toEqual([close(0.25, 0.25, 0.25, 0.25)]);
    }
  });

  it('is zero at masked positions, else sums to 1 and is never negative', () => {
    const options = fc.record({ normalizer: fc.constantFrom('minmax', 'softmax'), sparsify: fc.boolean() });
    fc.assert(
      fc.property(fc.nat(1000), options, (seed, choice) => {
        const { imageTokens, textTokens, textMask } = sampleOutput({ B: 2, K: 0 }, seed).output;
        const map = alignmentMap(imageTokens, textTokens, textMask, choice);
        expect([...map.dataSync()].every((weight) => weight >= 0)).toBe(true);
        expect([...sum(map, -1).dataSync()]).toEqual(close(...textMask.dataSync()));
      }),
      { numRuns: 30 },
    );
  });

  it('minmax does not see a shift or a scale of the similarities', () => {
    const expected = rows(alignmentMap(patches, text, word))[0]!;
    expect(rows(alignmentMap(add(mul(patches, 0.01), 1), text, word))[0]).toEqual(expected.map((weight) => expect.closeTo(weight, 4)));
  });

  it('is the same for one pair and inside a batch, and carries no gradient', () => {
    const { imageTokens, textTokens, textMask } = sampleOutput({ B: 2, K: 0 }).output;
    const batch = alignmentMap(imageTokens, textTokens, textMask);
    const second = (tensor: Tensor) => squeeze(slice(tensor, 1, 1), [0]);
    expect(rows(alignmentMap(second(imageTokens), second(textTokens), second(textMask)))).toEqual((batch.arraySync() as number[][][])[1]);
    const gradient = grads((x) => sum<Scalar>(mul(alignmentMap(x!, textTokens, textMask), batch)))([imageTokens])[0]!;
    expect([...gradient.dataSync()].every((number) => number === 0)).toBe(true);
  });

  it('leaks nothing', () => {
    const before = memory().numTensors;
    alignmentMap(patches, text, word, { sparsify: true }).dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('names what does not fit', () => {
    expect(() => alignmentMap(patches, ones([1, 2]), word)).toThrow(ShapeError);
    expect(() => alignmentMap(patches, text, tensor1d([1, 1]))).toThrow(
      'alignmentMap: `textMask` must be [T] = [1] (T = 1 from `textTokens`), got [2]',
    );
    expect(() => alignmentMap(patches, text, word, { normalizer: 'max' as 'minmax' })).toThrow(OptionError);
    expect(() => alignmentMap(patches, text, word, { normalizer: 'max' as 'minmax' })).toThrow(
      "alignmentMap: `normalizer` must be 'minmax' or 'softmax', got max",
    );
  });
});
