import '@tensorflow/tfjs';
import { scalar, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { intraModalLoss } from './index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;
// one dimension: image 1; caption 0.5; negatives 1 and 0.2
const output = { imageFeatures: tensor2d([[1]]), textFeatures: tensor2d([[0.5], [1], [0.2]]), logitScale: scalar(2) };

it('intraModalLoss: log Σ exp(s · T·N) − s · I·T', () => {
  // T·N: 0.5 and 0.1, times 2: 1 and 0.2; I·T: 0.5, times 2: 1
  expect(value(intraModalLoss(output, { negativeMask: tensor2d([[1], [1]]) }))).toBeCloseTo(Math.log(Math.E + Math.exp(0.2)) - 1, 6);
});

it('intraModalLoss leaves empty slots out of the sum, and images without negatives out of the mean', () => {
  expect(value(intraModalLoss(output, { negativeMask: tensor2d([[0], [1]]) }))).toBeCloseTo(0.2 - 1, 6);
  expect(value(intraModalLoss(output, { negativeMask: tensor2d([[0], [0]]) }))).toBe(0);
});
