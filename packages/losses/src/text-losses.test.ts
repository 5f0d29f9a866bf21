import '@tensorflow/tfjs';
import { scalar, slice, type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { clipLoss, negClipLoss, textAlignmentLoss, textContrastLoss, tripletClipLoss } from './index.js';
import { sampleOutput } from './testing/index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;
const axes = tensor2d([
  [1, 0],
  [0, 1],
]);

describe('textContrastLoss', () => {
  it('is log(1 + e^-s) for two orthogonal pairs, and asks the paraphrases alone', () => {
    expect(value(textContrastLoss({ textFeatures: axes, paraphraseFeatures: axes, logitScale: scalar(3) }))).toBeCloseTo(
      Math.log(1 + Math.exp(-3)),
      6,
    );
    // both paraphrases along axis 0: rows log(1 + e^-1) and log(1 + e)
    const same = tensor2d([
      [1, 0],
      [1, 0],
    ]);
    const rows = (Math.log(1 + Math.exp(-1)) + Math.log(1 + Math.E)) / 2;
    expect(value(textContrastLoss({ textFeatures: axes, paraphraseFeatures: same, logitScale: scalar(1) }))).toBeCloseTo(rows, 6);
  });

  it('symmetric it is clipLoss with the paraphrases as images', () => {
    const { imageFeatures, textFeatures, logitScale } = sampleOutput().output;
    const loss = textContrastLoss({ textFeatures, paraphraseFeatures: imageFeatures, logitScale }, undefined, { symmetric: true });
    expect(value(loss)).toBe(value(clipLoss({ imageFeatures, textFeatures, logitScale })));
  });
});

describe('textAlignmentLoss', () => {
  it('is the squared distance: 2 for a pair at right angles, 0 for equal ones', () => {
    const turned = tensor2d([
      [0, 1],
      [0, 1],
    ]);
    expect([...textAlignmentLoss({ textFeatures: axes, paraphraseFeatures: turned }, undefined, { reduction: 'none' }).dataSync()]).toEqual(
      [2, 0],
    );
  });
});

describe('tripletClipLoss', () => {
  it('is negClipLoss of both sides', () => {
    const { imageFeatures, textFeatures, logitScale } = sampleOutput({ B: 4, K: 1 }).output;
    const negativeImageFeatures = sampleOutput({ B: 4 }, 9).output.imageFeatures;
    const negativeMask = tensor2d([[1, 1, 1, 1]]);
    const turned = slice(textFeatures, 4).concat(slice(textFeatures, 0, 4));
    const expected =
      value(negClipLoss({ imageFeatures, textFeatures, logitScale }, { negativeMask })) +
      value(negClipLoss({ imageFeatures: negativeImageFeatures, textFeatures: turned, logitScale }, { negativeMask }));
    expect(value(tripletClipLoss({ imageFeatures, negativeImageFeatures, textFeatures, logitScale }))).toBeCloseTo(expected, 6);
  });

  it('by hand: every image with its caption, captions and negatives at right angles', () => {
    // both sides: rows over [1, 0] and [0, 0] (s = 1): log(1 + e^-1) for two columns each side of one pair
    const one = tensor2d([[1, 0]]);
    const other = tensor2d([[0, 1]]);
    const loss = tripletClipLoss({ imageFeatures: one, negativeImageFeatures: other, textFeatures: axes, logitScale: scalar(1) });
    expect(value(loss)).toBeCloseTo(Math.log(1 + Math.exp(-1)), 6); // ½ · log(1 + 1/e) a side: the text side has one image, 0
  });
});
