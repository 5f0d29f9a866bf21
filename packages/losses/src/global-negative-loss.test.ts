import '@tensorflow/tfjs';
import { ShapeError } from '@fsc-clip/core';
import { grads, memory, ones, scalar, slice, type Tensor, tensor2d, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { globalNegativeLoss } from './index.js';
import { checkGradients, sampleOutput } from './testing/index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;
const crossEntropy = { focalGamma: 0, labelSmoothing: 0 };

describe('globalNegativeLoss', () => {
  // two images in one dimension; captions 1 and 0.5, their negatives (type-major) 0.5 and 1
  const output = { imageFeatures: ones([2, 1]), textFeatures: tensor2d([[1], [0.5], [0.5], [1]]), logitScale: scalar(2) };

  it('compares each caption with its own negatives', () => {
    // logits [2, 1] and [1, 2]
    const expected = (Math.log(1 + Math.exp(-1)) + Math.log(1 + Math.E)) / 2;
    expect(value(globalNegativeLoss(output, { negativeMask: ones([1, 2]) }, crossEntropy))).toBeCloseTo(expected, 6);
  });

  it('leaves out images without negatives; an empty slot beside a full one has logit 0', () => {
    expect(value(globalNegativeLoss(output, { negativeMask: tensor2d([[1, 0]]) }, crossEntropy))).toBeCloseTo(
      Math.log(1 + Math.exp(-1)),
      6,
    );
    const two = { ...output, textFeatures: tensor2d([[1], [0.5], [0.5], [1], [9], [9]]) };
    const negativeMask = tensor2d([
      [1, 0],
      [0, 0],
    ]); // image 0: logits [2, 1, 0]
    const expected = Math.log(1 + Math.exp(-1) + Math.exp(-2));
    expect(value(globalNegativeLoss(two, { negativeMask }, crossEntropy))).toBeCloseTo(expected, 6);
  });

  it('is 0 with gradient 0 when no slot holds a negative, or there is no slot', () => {
    for (const K of [2, 0]) {
      const sample = sampleOutput({ B: 3, K }).output;
      const loss = (imageFeatures: Tensor) => globalNegativeLoss({ ...sample, imageFeatures }, { negativeMask: zeros([K, 3]) });
      expect(value(loss(sample.imageFeatures))).toBe(0);
      expect([...grads((x) => loss(x!))([sample.imageFeatures])[0]!.dataSync()].map(Math.abs)).toEqual(Array(24).fill(0));
    }
  });

  it('lets no number of an empty slot through', () => {
    const sample = sampleOutput({ B: 2, K: 1 }).output;
    const negativeMask = tensor2d([[1, 0]]); // text 3 is empty
    const gradient = grads((textFeatures) => globalNegativeLoss({ ...sample, textFeatures: textFeatures! }, { negativeMask }))([
      sample.textFeatures,
    ])[0]!;
    expect([...slice(gradient, 3).dataSync()].map(Math.abs)).toEqual(Array(8).fill(0));
  });

  it('has true gradients, and leaks nothing', () => {
    const sample = sampleOutput();
    const { imageFeatures, textFeatures, logitScale } = sample.output;
    const { pass, message } = checkGradients((inputs) => globalNegativeLoss(inputs, sample.batch), {
      imageFeatures,
      textFeatures,
      logitScale,
    });
    expect(pass, message()).toBe(true);
    const before = memory().numTensors;
    globalNegativeLoss(sample.output, sample.batch).dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('names what does not fit', () => {
    expect(() => globalNegativeLoss(output, { negativeMask: ones([2, 2]) })).toThrow(ShapeError);
    expect(() => globalNegativeLoss(output, { negativeMask: ones([2, 2]) })).toThrow(
      'globalNegativeLoss: `textFeatures` must be [B + K·B, D] = [6, 1]',
    );
    expect(() => globalNegativeLoss(output, { negativeMask: ones([1, 2]) }, { focalGamma: Number.NaN })).toThrow(
      'globalNegativeLoss: `focalGamma`',
    );
  });
});
