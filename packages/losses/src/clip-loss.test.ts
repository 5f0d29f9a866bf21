import '@tensorflow/tfjs';
import { ShapeError } from '@fsc-clip/core';
import { concat, gather, grads, memory, mul, ones, scalar, slice, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clipLoss } from './index.js';
import { checkGradients, sampleOutput } from './testing/index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;
const axes = tensor2d([
  [1, 0],
  [0, 1],
]);

describe('clipLoss', () => {
  it('is log(1 + e^-s) for two orthogonal pairs', () => {
    // every row and every column of Z is [s, 0] or [0, s]: −log(e^s / (e^s + 1))
    const loss = clipLoss({ imageFeatures: axes, textFeatures: axes, logitScale: scalar(3) });
    expect(value(loss)).toBeCloseTo(Math.log(1 + Math.exp(-3)), 7);
  });

  it('is the mean of both sides where they differ', () => {
    // Z = [[1, 0], [1, 0]]: rows log(1 + e^-1) and log(1 + e), columns log 2 and log 2
    const loss = clipLoss({
      imageFeatures: tensor2d([
        [1, 0],
        [1, 0],
      ]),
      textFeatures: axes,
      logitScale: scalar(1),
    });
    const rows = (Math.log(1 + Math.exp(-1)) + Math.log(1 + Math.E)) / 2;
    expect(value(loss)).toBeCloseTo((rows + Math.log(2)) / 2, 6);
  });

  it('is log B where all features are equal, and 0 for one pair', () => {
    const same = ones([5, 1]);
    expect(value(clipLoss({ imageFeatures: same, textFeatures: same, logitScale: scalar(100) }))).toBeCloseTo(Math.log(5), 5);
    const one = ones([1, 1]);
    expect(value(clipLoss({ imageFeatures: one, textFeatures: one, logitScale: scalar(100) }))).toBeCloseTo(0, 10);
  });

  it('does not see the negatives behind the captions, with gradient 0 for them', () => {
    const { output } = sampleOutput({ B: 3, K: 1 });
    const captions = slice(output.textFeatures, 0, 3);
    expect(value(clipLoss(output))).toBe(value(clipLoss({ ...output, textFeatures: captions })));
    const gradient = grads((textFeatures) => clipLoss({ ...output, textFeatures: textFeatures! }))([output.textFeatures])[0]!;
    expect([...slice(gradient, 3).dataSync()].every((number) => number === 0)).toBe(true);
  });

  it('does not change when pairs change places, or images and texts', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), (seed, order) => {
        const { imageFeatures, textFeatures, logitScale } = sampleOutput({ B: 5, K: 0 }, seed).output;
        const loss = value(clipLoss({ imageFeatures, textFeatures, logitScale }));
        const moved = { imageFeatures: gather(imageFeatures, order), textFeatures: gather(textFeatures, order), logitScale };
        expect(value(clipLoss(moved))).toBeCloseTo(loss, 5);
        expect(value(clipLoss({ imageFeatures: textFeatures, textFeatures: imageFeatures, logitScale }))).toBeCloseTo(loss, 5);
      }),
      { numRuns: 30 },
    );
  });

  it('has true gradients', () => {
    const { imageFeatures, textFeatures, logitScale } = sampleOutput({ K: 1 }).output;
    const { pass, message } = checkGradients(clipLoss, { imageFeatures, textFeatures, logitScale });
    expect(pass, message()).toBe(true);
  });

  it('stays finite at logits of ±1e4', () => {
    const opposite = concat([mul(slice(axes, 0, 1), -1), slice(axes, 1)]);
    const [loss, gradient] = [
      clipLoss({ imageFeatures: axes, textFeatures: opposite, logitScale: scalar(1e4) }),
      grads((x) => clipLoss({ imageFeatures: x!, textFeatures: opposite, logitScale: scalar(1e4) }))([axes])[0]!,
    ];
    expect(value(loss)).toBe(5000); // row 0 is [−1e4, 0], row 1 is [0, 1e4]; columns alike
    expect([...gradient.dataSync()].every(Number.isFinite)).toBe(true);
  });

  it('leaks nothing and disposes no input', () => {
    const { output } = sampleOutput();
    const before = memory().numTensors;
    clipLoss(output).dispose();
    expect(memory().numTensors).toBe(before);
    expect(output.imageFeatures.isDisposed).toBe(false);
  });

  it('names what does not fit', () => {
    const { output } = sampleOutput({ B: 4, D: 8 });
    expect(() => clipLoss({ ...output, textFeatures: ones([4, 7]) })).toThrow(
      'clipLoss: `textFeatures` must be [*, D] = [*, 8] (D = 8 from `imageFeatures`), got [4, 7]',
    );
    expect(() => clipLoss({ ...output, textFeatures: ones([3, 8]) })).toThrow(
      'clipLoss: `textFeatures` must hold at least the 4 captions, got [3, 8]',
    );
    expect(() => clipLoss({ ...output, logitScale: ones([1]) })).toThrow(ShapeError);
  });
});
