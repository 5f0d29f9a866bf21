import '@tensorflow/tfjs';
import { OptionError } from '@fsc-clip/core';
import { grads, memory, mul, type Scalar, sum, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globalNegativeLoss, mineNegatives } from './index.js';
import { sampleOutput } from './testing/index.js';

const rows = (tensor: Tensor) => tensor.arraySync() as number[][];

describe('mineNegatives', () => {
  // one dimension: images 1 and −1 …; captions 0.1, 0.9, 0.5
  const output = { imageFeatures: tensor2d([[1], [1], [-1]]), textFeatures: tensor2d([[0.1], [0.9], [0.5]]) };

  it('gives every image the nearest captions of the others, in order', () => {
    const { textFeatures, negativeMask } = mineNegatives(output, {}, { count: 2 });
    const expected = [0.1, 0.9, 0.5, 0.9, 0.5, 0.1, 0.5, 0.1, 0.9]; // captions; nearest; second
    expect([...textFeatures.dataSync()]).toEqual(expected.map((x) => expect.closeTo(x, 6)));
    expect(rows(negativeMask)).toEqual([
      [1, 1, 1],
      [1, 1, 1],
    ]);
  });

  it('passes over captions of the same image, and masks what the batch does not have', () => {
    const imageIds = tensor1d([0, 0, 1], 'int32');
    const { textFeatures, negativeMask } = mineNegatives(output, { imageIds }, { count: 2 });
    expect([...textFeatures.dataSync()].slice(3, 6)).toEqual([0.5, 0.5, 0.1].map((x) => expect.closeTo(x, 6)));
    expect(rows(negativeMask)).toEqual([
      [1, 1, 1],
      [0, 0, 1],
    ]);
  });

  it('never mines the own caption, whatever the features', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.array(fc.nat(2), { minLength: 6, maxLength: 6 }), (seed, ids) => {
        const { imageFeatures, textFeatures } = sampleOutput({ B: 6, K: 0 }, seed).output;
        const mined = mineNegatives({ imageFeatures, textFeatures }, { imageIds: tensor1d(ids, 'int32') }, { count: 3 });
        const captions = rows(textFeatures);
        const masks = rows(mined.negativeMask);
        rows(mined.textFeatures)
          .slice(6)
          .forEach((text, i) => {
            const [slot, image] = [Math.floor(i / 6), i % 6];
            if (masks[slot]![image] === 0) return;
            const from = captions.findIndex((caption) => caption.every((x, d) => Math.abs(x - text[d]!) < 1e-6));
            expect(ids[from]).not.toBe(ids[image]);
          });
        const others = ids.map((id) => ids.filter((other) => other !== id).length);
        expect(masks).toEqual([1, 2, 3].map((nth) => others.map((count) => Number(count >= nth))));
      }),
      { numRuns: 50 },
    );
  });

  it('lets gradients through to the captions, and feeds the losses over hard negatives', () => {
    const { output: features } = sampleOutput({ B: 4, K: 0 });
    const loss = (textFeatures: Tensor): Scalar => {
      const mined = mineNegatives({ ...features, textFeatures });
      return globalNegativeLoss({ ...features, textFeatures: mined.textFeatures }, mined);
    };
    const gradient = grads((x) => loss(x!))([features.textFeatures])[0]!;
    expect([...gradient.dataSync()].some((number) => number !== 0)).toBe(true);
    // Σ of the mined rows: each caption's gradient is how often it was mined
    const count = grads((x) => sum<Scalar>(mul(mineNegatives({ ...output, textFeatures: x! }).textFeatures.slice(3), 1)))([
      output.textFeatures,
    ])[0]!;
    expect([...count.dataSync()]).toEqual([1, 1, 1]); // 0 mines 0.9, 1 mines 0.5, 2 mines 0.1
  });

  it('leaks nothing but its results, and refuses a count that the batch cannot give', () => {
    const before = memory().numTensors;
    const mined = mineNegatives(output);
    expect(memory().numTensors).toBe(before + 2);
    mined.textFeatures.dispose();
    mined.negativeMask.dispose();
    expect(() => mineNegatives(output, {}, { count: 3 })).toThrow(OptionError);
    expect(() => mineNegatives(output, {}, { count: 3 })).toThrow(
      'mineNegatives: `count` must be an integer from 1 to 2, the other rows of the batch, got 3',
    );
    expect(() => mineNegatives(output, { imageIds: tensor1d([1], 'int32') })).toThrow('mineNegatives: `imageIds` must be [3], got [1]');
  });
});
