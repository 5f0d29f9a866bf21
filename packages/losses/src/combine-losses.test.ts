import '@tensorflow/tfjs';
import { OptionError } from '@fsc-clip/core';
import { valueAndGrads } from '@fsc-clip/core/tensor';
import { memory, mul, type Scalar, scalar, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  clipLoss,
  combineLosses,
  type Features,
  globalNegativeLoss,
  type HasNegatives,
  localNegativeLoss,
  scheduleWeights,
} from './index.js';
import { sampleOutput } from './testing/index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;
const first = (output: { readonly a: Scalar }) => output.a;
const second = (output: { readonly b: Scalar }, batch: { readonly factor: number }) => mul<Scalar>(output.b, batch.factor);

describe('combineLosses', () => {
  it('adds weighted terms: 3 + 0.5 · (4 · 2)', () => {
    const { total, terms } = combineLosses({ first, second }, { second: 0.5 })({ a: scalar(3), b: scalar(4) }, { factor: 2 });
    expect([value(total), value(terms.first), value(terms.second)]).toEqual([7, 3, 4]);
  });

  it('asks of output and batch what its losses ask', () => {
    const combined = combineLosses({ first, second });
    expectTypeOf(combined).parameter(0).toEqualTypeOf<{ readonly a: Scalar } & { readonly b: Scalar }>();
    expectTypeOf(combined).parameter(1).toEqualTypeOf<{ readonly factor: number }>();
    expectTypeOf(combined).returns.toEqualTypeOf<{ total: Scalar; terms: { readonly first: Scalar; readonly second: Scalar } }>();
    const contrastive = combineLosses({ clipLoss, globalNegativeLoss });
    expectTypeOf(contrastive).parameter(0).toEqualTypeOf<Features>();
    expectTypeOf(contrastive).parameter(1).toEqualTypeOf<HasNegatives>();
    // @ts-expect-error features alone are not enough for the local loss
    expect(() => combineLosses({ localNegativeLoss })(sampleOutput().output as Features, sampleOutput().batch)).not.toThrow();
  });

  it('does not run a loss of weight 0', () => {
    const never = (): Scalar => {
      throw new Error('ran');
    };
    const { total, terms } = combineLosses({ first, never }, { never: 0 })({ a: scalar(3) }, undefined);
    expect([value(total), value(terms.never)]).toEqual([3, 0]);
  });

  it('is differentiable as a whole: with one loss, total and term are two tensors', () => {
    const { output, batch } = sampleOutput();
    const combined = combineLosses({ clip: clipLoss });
    const {
      value: total,
      terms,
      grads,
    } = valueAndGrads((params) => combined({ ...output, ...params }, batch))({ imageFeatures: output.imageFeatures });
    expect(value(total)).toBe(value(terms['clip']!));
    expect(grads['imageFeatures']!.shape).toEqual(output.imageFeatures.shape);
    const { total: own, terms: ownTerms } = combined(output, batch);
    ownTerms.clip.dispose();
    expect(own.isDisposed).toBe(false);
  });

  it('leaks nothing but its results', () => {
    const { output, batch } = sampleOutput();
    const combined = combineLosses({ clipLoss, globalNegativeLoss }, { globalNegativeLoss: 0.5 });
    const before = memory().numTensors;
    const { total, terms } = combined(output, batch);
    expect(memory().numTensors).toBe(before + 3);
    for (const tensor of [total, ...Object.values(terms)]) tensor.dispose();
  });

  it('refuses no loss and weights that are not finite', () => {
    expect(() => combineLosses({})).toThrow('combineLosses: `losses` must name a loss, got none');
    expect(() => combineLosses({ clip: clipLoss }, { clip: Number.NaN })).toThrow(OptionError);
    expect(() => combineLosses({ clip: clipLoss }, { clip: Number.NaN })).toThrow(
      'combineLosses: `weights.clip` must be a finite number, got NaN',
    );
    // @ts-expect-error no such loss
    expect(() => combineLosses({ clip: clipLoss }, { clop: 1 })).toThrow('combineLosses: `weights.clop` must belong to a loss (clip)');
  });

  it('takes other weights with a call, numbers or tensors', () => {
    const combined = combineLosses({ first, second }, { first: 0, second: 0.5 });
    const of = (...weights: Parameters<typeof combined>[2][]) =>
      value(combined({ a: scalar(3), b: scalar(4) }, { factor: 2 }, ...weights).total);
    expect([of(), of({ first: 1 }), of({ first: scalar(2), second: 0 })]).toEqual([4, 7, 6]);
  });
});

describe('scheduleWeights', () => {
  it('gives the numbers of a step', () => {
    const weightsOf = scheduleWeights({ first: 2, second: (step) => step / 10 });
    expect([weightsOf(0), weightsOf(5)]).toEqual([
      { first: 2, second: 0 },
      { first: 2, second: 0.5 },
    ]);
    expectTypeOf(weightsOf).returns.toEqualTypeOf<Record<'first' | 'second', number>>();
  });
});
