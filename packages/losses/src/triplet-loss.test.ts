import '@tensorflow/tfjs';
import { type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { tripletLoss } from './index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;
// one dimension: images 1, 0.5, 1; captions 0.6, 1, 0.4
// I·T = [[0.6, 1, 0.4], [0.3, 0.5, 0.2], [0.6, 1, 0.4]]
const output = { imageFeatures: tensor2d([[1], [0.5], [1]]), textFeatures: tensor2d([[0.6], [1], [0.4]]) };

it('tripletLoss: the hardest other of both sides', () => {
  // rows: 0.2 + 1 − 0.6 = 0.6; 0.2 + 0.3 − 0.5 = 0; 0.2 + 1 − 0.4 = 0.8
  // columns: 0.2 + 0.6 − 0.6 = 0.2; 0.2 + 1 − 0.5 = 0.7; 0.2 + 0.4 − 0.4 = 0.2
  expect(value(tripletLoss(output))).toBeCloseTo((0.6 + 0 + 0.8 + 0.2 + 0.7 + 0.2) / 3, 6);
});

it('tripletLoss: the mean over all others', () => {
  // rows: (0.6 + 0) / 2, (0 + 0) / 2, (0.4 + 0.8) / 2; columns: (0 + 0.2) / 2, (0.7 + 0.7) / 2, (0.2 + 0) / 2
  expect(value(tripletLoss(output, {}, { hardest: false }))).toBeCloseTo((0.3 + 0.6 + 0.1 + 0.7 + 0.1) / 3, 6);
});

it('tripletLoss: rows of one image are not each other’s negatives, and alone an image has 0', () => {
  // 0 and 1 are one image: 0 has row 0.2 + 0.4 − 0.6 = 0 and column 0.2; 1 has row 0 and column 0.7; 2 as before
  const imageIds = tensor1d([7, 7, 8], 'int32');
  expect(value(tripletLoss(output, { imageIds }))).toBeCloseTo((0.2 + 0.7 + 1) / 3, 6);
  expect(value(tripletLoss(output, { imageIds: tensor1d([7, 7, 7], 'int32') }))).toBe(0);
});

it('tripletLoss refuses a margin that is no number, and ids of another batch', () => {
  expect(() => tripletLoss(output, {}, { margin: Number.POSITIVE_INFINITY })).toThrow(
    'tripletLoss: `margin` must be a finite number, got Infinity',
  );
  expect(() => tripletLoss(output, { imageIds: tensor1d([1], 'int32') })).toThrow('tripletLoss: `imageIds` must be [3], got [1]');
});
