import '@tensorflow/tfjs';
import { grads, ones, scalar, type Tensor, tensor1d, tensor2d, tensor3d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { phrasePatchLoss } from './index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;
const softplus = (x: number) => Math.log(1 + Math.exp(x));

describe('phrasePatchLoss', () => {
  // image 0 has patches of length 3 along both axes, image 1 along axis 1 only; one phrase, image 0's, along axis 0
  const output = {
    imageTokens: tensor3d([
      [
        [3, 0],
        [0, 3],
      ],
      [
        [0, 3],
        [0, 3],
      ],
    ]),
    phraseFeatures: tensor2d([[1, 0]]),
    logitScale: scalar(2),
    logitBias: scalar(-1),
  };
  const batch = { imageIds: tensor1d([4, 5], 'int32'), phraseIds: tensor1d([4], 'int32') };

  it('pools each image by the phrase’s attention', () => {
    // image 0: weights e^3 : 1, so the cosine is w / √(w² + (1 − w)²); image 1: 0
    const w = Math.exp(3) / (1 + Math.exp(3));
    const own = (2 * w) / Math.hypot(w, 1 - w) - 1;
    expect(value(phrasePatchLoss(output, batch))).toBeCloseTo(softplus(-own) + softplus(-1), 5);
  });

  it('leaves out slots without a phrase', () => {
    const two = {
      ...output,
      phraseFeatures: tensor2d([
        [1, 0],
        [9, 9],
      ]),
    };
    const ids = (second: number) => ({ ...batch, phraseIds: tensor1d([4, second], 'int32') });
    expect(value(phrasePatchLoss(two, ids(-1)))).toBeCloseTo(value(phrasePatchLoss(output, batch)), 6);
    const gradient = grads((x) => phrasePatchLoss({ ...two, phraseFeatures: x! }, ids(-1)))([two.phraseFeatures])[0]!;
    expect([...gradient.dataSync()].slice(2).map(Math.abs)).toEqual([0, 0]);
    expect(value(phrasePatchLoss({ ...output, phraseFeatures: ones([1, 2]) }, { ...batch, phraseIds: tensor1d([-1], 'int32') }))).toBe(0);
  });
});
