import '@tensorflow/tfjs';
import { scalar, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { sigmoidLoss } from './index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;
const axes = tensor2d([
  [1, 0],
  [0, 1],
]);
const softplus = (x: number) => Math.log(1 + Math.exp(x));

it('sigmoidLoss: two orthogonal pairs with scale 3 and bias −1', () => {
  // a row: its own pair has logit 3 − 1 = 2, label 1; the other −1, label −1
  const features = { imageFeatures: axes, textFeatures: axes, logitScale: scalar(3), logitBias: scalar(-1) };
  expect(value(sigmoidLoss(features))).toBeCloseTo(softplus(-2) + softplus(-1), 6);
});

it('sigmoidLoss is linear, not infinite, where it is most wrong', () => {
  // own pairs at −1e4: softplus(1e4); the others at logit 0: log 2
  const features = { imageFeatures: axes, textFeatures: axes.mul(-1), logitScale: scalar(1e4), logitBias: scalar(0) };
  expect(value(sigmoidLoss(features))).toBeCloseTo(1e4 + Math.log(2), 2);
});

it('sigmoidLoss refuses fewer texts than images', () => {
  const features = { imageFeatures: axes, textFeatures: axes.slice(0, 1), logitScale: scalar(3), logitBias: scalar(-1) };
  expect(() => sigmoidLoss(features)).toThrow('sigmoidLoss: `textFeatures` must hold at least the 2 captions, got [1, 2]');
});
