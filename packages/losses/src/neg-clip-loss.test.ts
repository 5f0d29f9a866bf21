import '@tensorflow/tfjs';
import { ShapeError } from '@fsc-clip/core';
import { grads, memory, ones, scalar, slice, type Tensor, tensor2d, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { clipLoss, negClipLoss } from './index.js';
import { checkGradients, sampleOutput } from './testing/index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;

describe('negClipLoss', () => {
  it('adds columns to the image side only', () => {
    // one image: Z = [2·1, 2·0.5]; image side log(1 + e^(1 − 2)), text side 0
    const output = { imageFeatures: tensor2d([[1]]), textFeatures: tensor2d([[1], [0.5]]), logitScale: scalar(2) };
    expect(value(negClipLoss(output, { negativeMask: ones([1, 1]) }))).toBeCloseTo(Math.log(1 + Math.exp(-1)) / 2, 6);
    // an empty slot is a column of logit 0: log(1 + e^−2)
    expect(value(negClipLoss(output, { negativeMask: zeros([1, 1]) }))).toBeCloseTo(Math.log(1 + Math.exp(-2)) / 2, 6);
  });

  it('is clipLoss without negatives', () => {
    const { output, batch } = sampleOutput({ K: 0 });
    expect(value(negClipLoss(output, batch))).toBe(value(clipLoss(output)));
  });

  it('lets no number of an empty slot through', () => {
    const { output } = sampleOutput({ B: 2, K: 1 });
    const negativeMask = tensor2d([[1, 0]]); // text 3 is empty
    const gradient = grads((textFeatures) => negClipLoss({ ...output, textFeatures: textFeatures! }, { negativeMask }))([
      output.textFeatures,
    ])[0]!;
    expect([...slice(gradient, 3).dataSync()]).toEqual(Array(8).fill(0));
  });

  it('has true gradients, and leaks nothing', () => {
    const { output, batch } = sampleOutput();
    const { imageFeatures, textFeatures, logitScale } = output;
    const { pass, message } = checkGradients((inputs) => negClipLoss(inputs, batch), { imageFeatures, textFeatures, logitScale });
    expect(pass, message()).toBe(true);
    const before = memory().numTensors;
    negClipLoss(output, batch).dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('names what does not fit', () => {
    const { output } = sampleOutput({ B: 4, K: 2, D: 8 });
    const call = () => negClipLoss(output, { negativeMask: ones([3, 4]) });
    expect(call).toThrow(ShapeError);
    expect(call).toThrow('negClipLoss: `textFeatures` must be [B + K·B, D] = [16, 8]');
  });
});
