import '@tensorflow/tfjs';
import { valueAndGrads } from '@fsc-clip/core/tensor';
import { fieldLosses, relativeError, termError } from '@fsc-clip/testdata';
import { sum, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import * as losses from './index.js';

// Every case of testdata/losses: values and gradients of the authors' formulas, computed in PyTorch.

const { inputs, cases } = fieldLosses();
type AnyLoss = (output: object, batch: object, options: object) => Tensor;
const lossOf = (name: string) => (losses as unknown as Record<string, AnyLoss>)[name]!;

/** Captions alone, or captions with one negative each, stand in `textFeatures` too. */
const argument = (name: string) => (name === 'captions' || name === 'pairs' ? 'textFeatures' : name);
const integers = ['imageIds', 'textIds', 'phraseIds'];
const array = (name: string) => tensor(inputs[name]!.data, inputs[name]!.shape, integers.includes(name) ? 'int32' : 'float32');

describe('values and gradients of the field’s losses', () => {
  it('there are some, of functions that exist', () => {
    expect(cases.length).toBeGreaterThan(0);
    expect(cases.filter(({ loss }) => typeof lossOf(loss) !== 'function')).toEqual([]);
  });

  it.each(cases.map((each) => [each.name, each] as const))('%s', (_, { loss, output, batch, options, values, mean, gradients }) => {
    const names = Object.entries(batch).map(([name, input]) => [name, array(input)] as const);
    const given = Object.fromEntries(output.map((name) => [argument(name), array(name)]));
    const run = (params: object, more: object = {}) =>
      lossOf(loss)({ ...given, ...params }, Object.fromEntries(names), { ...options, ...more });
    expect(relativeError(run({}, { reduction: 'none' }).dataSync(), Float32Array.from(values))).toBeLessThanOrEqual(1e-5);
    const differentiated = Object.fromEntries(Object.keys(gradients).map((name) => [argument(name), array(name)]));
    if (Object.keys(gradients).length === 0) return;
    const { value, grads } = valueAndGrads((params) => sum(run(params)))(differentiated);
    expect(termError(value.dataSync()[0]!, mean)).toBeLessThanOrEqual(1e-5);
    for (const [name, expected] of Object.entries(gradients)) {
      const actual = grads[argument(name)]!.dataSync();
      expect(relativeError(actual, Float32Array.from(expected)), name).toBeLessThanOrEqual(1e-5);
    }
  });
});
