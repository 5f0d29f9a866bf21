import '@tensorflow/tfjs';
import { type LossMatchers, lossMatchers, sampleOutput } from '@fsc-clip/losses/testing';
import { concat, ones, scalar, slice, tensor2d, zerosLike } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { softMarginLoss } from './soft-margin-loss.js';

declare module 'vitest' {
  interface Matchers<T> extends LossMatchers<T> {}
}

expect.extend(lossMatchers);

test('by hand: one image, its caption at cosine 1, its negative at cosine 0', () => {
  const output = {
    imageFeatures: tensor2d([[1, 0]]),
    textFeatures: tensor2d([
      [1, 0],
      [0, 1],
    ]),
    logitScale: scalar(2),
  };
  const loss = softMarginLoss(output, { negativeMask: ones([1, 1]) });
  expect(loss.dataSync()[0]).toBeCloseTo(Math.log(1 + Math.exp(2 * (0 - 1))), 6);
});

test('gradients agree with finite differences', () => {
  const { output, batch } = sampleOutput({ B: 4, K: 2 });
  const { imageFeatures, textFeatures, logitScale } = output;
  const loss = (features: Pick<typeof output, 'imageFeatures' | 'textFeatures' | 'logitScale'>) => softMarginLoss(features, batch);
  expect(loss).toHaveTrueGradients({ imageFeatures, textFeatures, logitScale });
});

test('what stands in an empty slot does not matter', () => {
  const { output, batch } = sampleOutput({ B: 2, K: 1 });
  const negativeMask = tensor2d([[1, 0]]);
  const other = tensor2d([[9, 9, 9, 9, 9, 9, 9, 9]]);
  const changed = { ...output, textFeatures: concat([slice(output.textFeatures, [0, 0], [3, 8]), other]) };
  const [loss, same] = [output, changed].map((features) => softMarginLoss(features, { ...batch, negativeMask }).dataSync()[0]);
  expect(same).toBe(loss);
});

test('a wrong shape is refused by name', () => {
  const { output } = sampleOutput({ B: 4, K: 2 });
  expect(() => softMarginLoss(output, { negativeMask: zerosLike(ones([3, 4])) })).toThrow(/softMarginLoss: `textFeatures`/);
});
