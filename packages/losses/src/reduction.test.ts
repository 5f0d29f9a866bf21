import '@tensorflow/tfjs';
import { OptionError } from '@fsc-clip/core';
import { ones, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  calibratedCrossEntropy,
  clipLoss,
  globalNegativeLoss,
  localNegativeLoss,
  negClipLoss,
  type Reduction,
  type ReductionOptions,
} from './index.js';
import { sampleOutput } from './testing/index.js';

const { output } = sampleOutput({ B: 3, K: 2 });
const batch = { negativeMask: tensor([1, 0, 1, 0, 0, 1], [2, 3]) }; // image 1 has no negative
const numbers = (loss: Tensor) => [...loss.dataSync()];

/** Every loss over a batch, with how many of the 3 images its mean is over. */
const losses: Readonly<Record<string, readonly [(options: ReductionOptions) => Tensor, number]>> = {
  clipLoss: [(options) => clipLoss(output, batch, options), 3],
  negClipLoss: [(options) => negClipLoss(output, batch, options), 3],
  globalNegativeLoss: [(options) => globalNegativeLoss(output, batch, options), 2],
  localNegativeLoss: [(options) => localNegativeLoss(output, batch, options), 2],
  calibratedCrossEntropy: [(options) => calibratedCrossEntropy(tensor([1, 2, 3, 4], [2, 2]), ones([2, 2]), options), 2],
};

describe.each(Object.entries(losses))('reduction of %s', (_, [loss, counted]) => {
  it('gives every image’s value, their sum, or their mean over those that count', () => {
    const perImage = numbers(loss({ reduction: 'none' }));
    const total = perImage.reduce((sum, value) => sum + value, 0);
    expect(perImage.filter((value) => value > 0).length).toBe(counted);
    expect(numbers(loss({ reduction: 'sum' }))).toEqual([expect.closeTo(total, 5)]);
    expect(numbers(loss({}))).toEqual([expect.closeTo(total / counted, 5)]);
    expect(loss({ reduction: 'none' }).rank).toBe(1);
  });

  it('refuses another word', () => {
    expect(() => loss({ reduction: 'average' as Reduction })).toThrow(OptionError);
    expect(() => loss({ reduction: 'average' as Reduction })).toThrow(/`reduction` must be 'mean', 'sum' or 'none', got average/);
  });
});

it('the type of a result follows from the reduction', () => {
  expectTypeOf(clipLoss(output)).toExtend<{ rank: unknown }>();
  expectTypeOf(clipLoss(output, undefined, { reduction: 'none' }).shape).toEqualTypeOf<[number]>();
  expectTypeOf(clipLoss(output).shape).not.toEqualTypeOf<[number]>();
});
