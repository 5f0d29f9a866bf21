import '@tensorflow/tfjs';
import { concat, ones, range, scalar, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { clipLoss, multiPositiveLoss } from './index.js';
import { sampleOutput } from './testing/index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;

describe('multiPositiveLoss', () => {
  it('averages an image’s captions: image 0 has texts 0 and 1, all logits equal', () => {
    // p(j|i) = 1/3 for three texts, p(i|j) = 1/2 for two images
    const output = { imageFeatures: ones([2, 1]), textFeatures: ones([3, 1]), logitScale: scalar(5) };
    const ids = { imageIds: tensor1d([0, 1], 'int32'), textIds: tensor1d([0, 0, 1], 'int32') };
    expect(value(multiPositiveLoss(output, ids))).toBeCloseTo((Math.log(3) + Math.log(2)) / 2, 6);
  });

  it('is clipLoss with one caption per image', () => {
    const { output } = sampleOutput({ B: 5, K: 0 });
    const imageIds = range(0, 5, 1, 'int32');
    expect(value(multiPositiveLoss(output, { imageIds, textIds: imageIds }))).toBeCloseTo(value(clipLoss(output)), 5);
  });

  it('leaves out slots that hold no text, and images without any', () => {
    const { output } = sampleOutput({ B: 3, K: 0 });
    const ids = { imageIds: tensor1d([0, 1, 9], 'int32'), textIds: tensor1d([0, 1, -1, -2], 'int32') };
    const withSlot = (content: number[]) => ({ ...output, textFeatures: concat([output.textFeatures, tensor2d([content])]) });
    const loss = value(multiPositiveLoss(withSlot([9, 9, 9, 9, 9, 9, 9, 9]), ids));
    expect(loss).toBe(value(multiPositiveLoss(withSlot([0, 0, 0, 0, 0, 0, 0, 0]), ids)));
    const two = { imageIds: ids.imageIds, textIds: tensor1d([0, 1, -1], 'int32') };
    expect(loss).toBeCloseTo(value(multiPositiveLoss(output, two)), 6);
    expect(Math.abs(multiPositiveLoss(output, two, { reduction: 'none' }).dataSync()[2]!)).toBe(0);
  });
});
