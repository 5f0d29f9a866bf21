import '@tensorflow/tfjs';
import { OptionError, ShapeError } from '@fsc-clip/core';
import { grads, memory, ones, scalar, slice, type Tensor, tensor2d, tensor3d, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { calibratedCrossEntropy, localNegativeLoss, localScores } from './index.js';
import { checkGradients, sampleOutput } from './testing/index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;

describe('localNegativeLoss', () => {
  it('compares the scores of a caption and its negative', () => {
    // one patch [1, 0]; the caption's word has cosine 1, the negative's 0: scores [2, 0]
    const output = {
      imageTokens: tensor3d([[[1, 0]]]),
      textTokens: tensor3d([[[4, 0]], [[0, 4]]]),
      textMask: ones([2, 1]),
      logitScale: scalar(2),
    };
    const loss = localNegativeLoss(output, { negativeMask: ones([1, 1]) }, { focalGamma: 0, labelSmoothing: 0 });
    expect(value(loss)).toBeCloseTo(Math.log(1 + Math.exp(-2)), 6);
  });

  it('is calibratedCrossEntropy over localScores', () => {
    const { output } = sampleOutput({ B: 2, K: 1 });
    const expected = calibratedCrossEntropy(localScores(output, { sparsify: true }), ones([2, 2]), { focalGamma: 1 });
    const actual = localNegativeLoss(output, { negativeMask: ones([1, 2]) }, { sparsify: true, focalGamma: 1 });
    expect(value(actual)).toBe(value(expected));
  });

  it('lets no number of an empty slot through', () => {
    const { output } = sampleOutput({ B: 2, K: 1 });
    const negativeMask = tensor2d([[1, 0]]); // text 3 is empty
    const gradient = grads((textTokens) => localNegativeLoss({ ...output, textTokens: textTokens! }, { negativeMask }))([
      output.textTokens,
    ])[0]!;
    expect([...slice(gradient, 3).dataSync()].every((number) => number === 0)).toBe(true);
  });

  it('is 0 with gradient 0 when no slot holds a negative, or there is no slot', () => {
    for (const K of [2, 0]) {
      const { output } = sampleOutput({ B: 3, K });
      const loss = (imageTokens: Tensor) => localNegativeLoss({ ...output, imageTokens }, { negativeMask: zeros([K, 3]) });
      expect(value(loss(output.imageTokens))).toBe(0);
      expect([...grads((x) => loss(x!))([output.imageTokens])[0]!.dataSync()].every((number) => number === 0)).toBe(true);
    }
  });

  it('has true gradients where the weights are constant, and leaks nothing', () => {
    const { output, batch } = sampleOutput({ P: 1 });
    const { imageTokens, textTokens, textMask, logitScale } = output;
    const loss = (inputs: Pick<typeof output, 'imageTokens' | 'textTokens' | 'logitScale'>) =>
      localNegativeLoss({ textMask, ...inputs }, batch);
    const { pass, message } = checkGradients(loss, { imageTokens, textTokens, logitScale });
    expect(pass, message()).toBe(true);
    const before = memory().numTensors;
    localNegativeLoss(output, batch).dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('names what does not fit', () => {
    const { output, batch } = sampleOutput({ B: 4, K: 3, T: 7, D: 8 });
    const textTokens = ones([12, 7, 8]);
    expect(() => localNegativeLoss({ ...output, textTokens }, batch)).toThrow(ShapeError);
    expect(() => localNegativeLoss({ ...output, textTokens }, batch)).toThrow(
      'localNegativeLoss: `textTokens` must be [B + K·B, T, D] = [16, T, 8]',
    );
    expect(() => localNegativeLoss(output, batch, { labelSmoothing: 2 })).toThrow(OptionError);
    expect(() => localNegativeLoss(output, batch, { normalizer: 'none' as 'minmax' })).toThrow('localNegativeLoss: `normalizer`');
  });
});
