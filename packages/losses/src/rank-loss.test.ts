import '@tensorflow/tfjs';
import { OptionError } from '@fsc-clip/core';
import { grads, memory, scalar, sum, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { nextRankMargins, rankLoss } from './index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;
// one dimension, two images: captions 0.5 and 0.9, negatives of slot 0: 0.6 and 0.1, of slot 1: 0.2 and 0.8; scale 10
const output = {
  imageFeatures: tensor2d([[1], [1]]),
  textFeatures: tensor2d([[0.5], [0.9], [0.6], [0.1], [0.2], [0.8]]),
  logitScale: scalar(10),
};
const batch = {
  negativeMask: tensor2d([
    [1, 1],
    [1, 1],
  ]),
  rankMargins: tensor1d([2, 4]),
};

describe('rankLoss', () => {
  it('is max(0, m_k + s · I·N_k − s · I·T), averaged', () => {
    // image 0: 2 + 6 − 5 = 3 and 4 + 2 − 5 = 1; image 1: 0 (2 + 1 − 9) and 4 + 8 − 9 = 3
    expect(value(rankLoss(output, batch))).toBeCloseTo((2 + 1.5) / 2, 5);
  });

  it('adds a hinge on the positive pair: max(0, 7 − 5) and max(0, 7 − 9)', () => {
    expect(value(rankLoss(output, batch, { positiveMargin: 7 }))).toBeCloseTo((2 + 2 + 1.5) / 2, 5);
    const none = {
      ...batch,
      negativeMask: tensor2d([
        [0, 0],
        [0, 0],
      ]),
    };
    expect(value(rankLoss(output, none, { positiveMargin: 7 }))).toBe(0);
  });

  it('refuses a margin that is no number', () => {
    expect(() => rankLoss(output, batch, { positiveMargin: Number.NaN })).toThrow(OptionError);
    expect(() => rankLoss(output, { ...batch, rankMargins: tensor1d([1]) })).toThrow('rankLoss: `rankMargins` must be [K] = [2]');
  });
});

describe('nextRankMargins', () => {
  it('is the mean gap of a type: (−1 + 8) / 2 and (3 + 1) / 2, kept in [0, upper]', () => {
    expect([...nextRankMargins(output, batch).dataSync()]).toEqual([3.5, 2].map((margin) => expect.closeTo(margin, 5)));
    expect([...nextRankMargins(output, batch, { upper: 3 }).dataSync()]).toEqual([3, 2].map((margin) => expect.closeTo(margin, 5)));
    const only = (mask: number[][]) => [...nextRankMargins(output, { ...batch, negativeMask: tensor2d(mask) }).dataSync()];
    expect(
      only([
        [1, 0],
        [0, 1],
      ]),
    ).toEqual([0, 1].map((margin) => expect.closeTo(margin, 5)));
    // a type that nobody has keeps its margin
    expect(
      only([
        [1, 1],
        [0, 0],
      ]),
    ).toEqual([3.5, 4].map((margin) => expect.closeTo(margin, 5)));
  });

  it('carries no gradient, leaks nothing, and refuses an upper bound below 0', () => {
    const gradient = grads((x) => sum(nextRankMargins({ ...output, textFeatures: x! }, batch)))([output.textFeatures])[0]!;
    expect([...gradient.dataSync()].every((number) => number === 0)).toBe(true);
    const before = memory().numTensors;
    nextRankMargins(output, batch).dispose();
    expect(memory().numTensors).toBe(before);
    expect(() => nextRankMargins(output, batch, { upper: -1 })).toThrow('nextRankMargins: `upper` must be at least 0, got -1');
  });
});
