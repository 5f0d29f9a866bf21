import '@tensorflow/tfjs';
import { OptionError } from '@fsc-clip/core';
import { type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { hingeLoss } from './index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;
// one dimension, two images: captions 0.5 and 0.9, negatives of slot 0: 0.6 and 0.1, of slot 1: 0.2 and 0.8
const output = {
  imageFeatures: tensor2d([[1], [1]]),
  textFeatures: tensor2d([[0.5], [0.9], [0.6], [0.1], [0.2], [0.8]]),
};
const full = {
  negativeMask: tensor2d([
    [1, 1],
    [1, 1],
  ]),
};

it('hingeLoss: max(0, 0.2 − I·T + I·N), averaged over the negatives', () => {
  // image 0: 0.3 and 0, image 1: 0 and 0.1
  expect(value(hingeLoss(output, full))).toBeCloseTo((0.15 + 0.05) / 2, 6);
  expect(value(hingeLoss(output, full, { margin: 0.05 }))).toBeCloseTo(0.15 / 4, 6);
});

it('hingeLoss: what stands in an empty slot does not matter, an image without negatives leaves the mean', () => {
  expect(
    value(
      hingeLoss(output, {
        negativeMask: tensor2d([
          [1, 0],
          [0, 0],
        ]),
      }),
    ),
  ).toBeCloseTo(0.3, 6);
});

it('hingeLoss refuses a margin that is no number', () => {
  expect(() => hingeLoss(output, full, { margin: Number.NaN })).toThrow(OptionError);
  expect(() => hingeLoss(output, full, { margin: Number.NaN })).toThrow('hingeLoss: `margin` must be a finite number, got NaN');
});
