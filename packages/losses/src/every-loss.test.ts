import '@tensorflow/tfjs';
import { OptionError, ShapeError } from '@fsc-clip/core';
import { valueAndGrads } from '@fsc-clip/core/tensor';
import { concat, gather, memory, mul, neg, ones, type Scalar, type Tensor, type Tensor1D, zerosLike } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { everyLoss } from './every-loss.fixture.js';
import type { Reduction } from './index.js';
import * as losses from './index.js';
import { checkGradients } from './testing/index.js';

const numbers = (tensor: Tensor) => [...tensor.dataSync()];
const finite = (tensor: Tensor) => numbers(tensor).every(Number.isFinite);

/** Extreme inputs: logits of ±1e4, all features alike, no feature at all, every slot empty. */
const extremes: Readonly<Record<string, (name: string, x: Tensor) => Tensor>> = {
  'logits of ±1e4': (name, x) => (name === 'logitScale' ? mul(x, 1000) : name === 'logits' ? mul(x, 1e4) : x),
  'logits of −1e4 at the right pairs': (name, x) =>
    name === 'logitScale' ? mul(x, 1000) : name === 'imageFeatures' ? neg(x) : name === 'logits' ? mul(x, -1e4) : x,
  'identical features': (name, x) => (x.rank > 1 && !name.startsWith('negativeMask') ? ones(x.shape).div(Math.sqrt(x.shape.at(-1)!)) : x),
  'features of zero': (name, x) => (x.rank > 1 && name !== 'negativeMask' && name !== 'valid' ? zerosLike(x) : x),
  'every slot empty': (name, x) =>
    name === 'negativeMask' ? zerosLike(x) : name === 'valid' ? concat([ones([x.shape[0]!, 1]), zerosLike(x.slice([0, 1]))], 1) : x,
};

/** The images of a batch in another order: rows of [M·4, …] in every block of 4, columns of a mask. */
function reordered(name: string, x: Tensor, order: readonly number[]): Tensor {
  if (name === 'negativeMask') return gather(x, [...order], 1);
  const rows = x.shape[0] ?? 1;
  if (rows % 4 !== 0) return x;
  return gather(
    x,
    Array.from({ length: rows }, (_, row) => row - (row % 4) + order[row % 4]!),
  );
}

it('holds every loss over a batch', () => {
  const others = [
    'localScores',
    'alignmentMap',
    'acrossRanks',
    'meanAcrossRanks',
    'combineLosses',
    'scheduleWeights',
    'fscClipLoss',
    'fscClipLossAcrossRanks',
  ];
  const parts = ['l2SpLoss', 'mineNegatives', 'nextRankMargins', 'updateTeacher'];
  expect(Object.keys(losses).toSorted()).toEqual([...Object.keys(everyLoss(2)), ...others, ...parts].toSorted());
});

describe.each(Object.entries(everyLoss(4)))('%s', (name, { loss, output, batch, values = 4 }) => {
  const run = (inputs: object, reduction?: Reduction) => loss(inputs as never, batch as never, reduction ? { reduction } : {});

  it('has true gradients', () => {
    const { pass, message } = checkGradients((inputs) => run(inputs) as Scalar, output, { step: 1e-2 });
    expect(pass, message()).toBe(true);
  });

  it('gives every image’s value, their sum, or their mean over those that count', () => {
    const each = numbers(run(output, 'none'));
    const total = each.reduce((sum, value) => sum + value, 0);
    expect(each.length).toBe(values);
    expect(numbers(run(output, 'sum'))).toEqual([expect.closeTo(total, 4)]);
    const counted = total / numbers(run(output))[0]!;
    expect(counted).toBeCloseTo(Math.round(counted), 4);
    expect(counted).toBeLessThan(values + 0.01);
    expect(() => run(output, 'average' as Reduction)).toThrow(OptionError);
    expect(() => run(output, 'average' as Reduction)).toThrow(/`reduction` must be 'mean', 'sum' or 'none', got average/);
  });

  it('does not see the order of the images', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }), (seed, order) => {
        const sample = everyLoss(4, seed)[name]!;
        const moved = (tensors: object) => Object.fromEntries(Object.entries(tensors).map(([key, x]) => [key, reordered(key, x, order)]));
        const [value, same] = [sample, { output: moved(sample.output), batch: moved(sample.batch) }].map(
          (inputs) => numbers(sample.loss(inputs.output as never, inputs.batch as never, {}))[0]!,
        ) as [number, number];
        expect(Math.abs(same - value)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(value)));
      }),
      { numRuns: 10 },
    );
  });

  it.each(Object.entries(extremes))('is finite, value and gradient, with %s', (_, change) => {
    const at = (tensors: object) => Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, change(name, x as Tensor)]));
    const { value, grads } = valueAndGrads((params) => loss(params as never, at(batch) as never, {}) as Scalar)(at(output));
    expect(finite(value)).toBe(true);
    for (const [input, gradient] of Object.entries(grads)) expect(finite(gradient), input).toBe(true);
  });

  it('takes a batch of one', () => {
    const one = everyLoss(1)[name]!;
    const { value, grads } = valueAndGrads((params) => one.loss(params as never, one.batch as never, {}) as Scalar)(one.output);
    expect([value, ...Object.values(grads)].every(finite)).toBe(true);
  });

  it('leaks nothing and disposes no input', () => {
    const before = memory().numTensors;
    run(output).dispose();
    expect(memory().numTensors).toBe(before);
    expect(Object.values({ ...output, ...batch }).some(({ isDisposed }) => isDisposed)).toBe(false);
  });

  it('refuses an array of another shape by name', () => {
    const [first] = Object.keys(output) as [string];
    const wrong = { ...output, [first]: ones([4, 3, 2, 1]) };
    expect(() => run(wrong)).toThrow(ShapeError);
    expect(() => run(wrong)).toThrow(new RegExp(`^${name}: \`${first}\` must be \\[.*got \\[4, 3, 2, 1\\]`));
  });
});

it('the type of a result follows from the reduction', () => {
  const { clipLoss } = losses;
  expectTypeOf(clipLoss<'none'>).returns.toEqualTypeOf<Tensor1D>();
  expectTypeOf(clipLoss<'mean'>).returns.toEqualTypeOf<Scalar>();
  expectTypeOf(() => clipLoss({} as losses.Features, undefined, { reduction: 'none' })).returns.toEqualTypeOf<Tensor1D>();
  expectTypeOf(() => clipLoss({} as losses.Features)).returns.toEqualTypeOf<Scalar>();
});
