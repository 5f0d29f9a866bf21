import '@tensorflow/tfjs';
import { memory, scalar, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { OptionError, WeightsError } from '../errors.js';
import { type AdamWOptions, adamW, decays } from './adamw.js';

const numbers = (tensor: Tensor) => [...tensor.dataSync()];

describe('adamW', () => {
  it('steps by learningRate · sign(g) at first: both moments are corrected to g and g²', () => {
    const optimizer = adamW({ weightDecay: 0, epsilon: 0 });
    const params = { w: tensor1d([1, 1, 1]) };
    const grads = { w: tensor1d([5, -0.25, 1e-3]) };
    const { params: updated, state } = optimizer.update(grads, optimizer.init(params), params, { learningRate: 0.1 });
    expect(numbers(updated['w']!)).toEqual([0.9, 1.1, 0.9].map((weight) => expect.closeTo(weight, 6)));
    expect(numbers(state.step)).toEqual([1]);
    expect(numbers(state.expAvg['w']!)[0]).toBeCloseTo(0.5, 6); // 0.1 · 5
    expect(numbers(state.expAvgSq['w']!)[0]).toBeCloseTo(0.5, 6); // 0.02 · 25
  });

  it('decays matrices by learningRate · weightDecay, not vectors', () => {
    const optimizer = adamW({ weightDecay: 0.5 });
    const params = { w: tensor2d([[2]]), bias: tensor1d([2]) };
    const grads = { w: tensor2d([[0]]), bias: tensor1d([0]) };
    const { params: updated } = optimizer.update(grads, optimizer.init(params), params, { learningRate: scalar(0.1) });
    expect(numbers(updated['w']!)[0]).toBeCloseTo(1.9, 6);
    expect(numbers(updated['bias']!)).toEqual([2]);
  });

  it('equals AdamW by plain loops over several steps', () => {
    const options = { betas: [0.8, 0.9], epsilon: 1e-3, weightDecay: 0.2 } as const satisfies AdamWOptions;
    const optimizer = adamW(options);
    let params: Record<string, Tensor> = { w: tensor2d([[1, -2]]) };
    let state = optimizer.init(params);
    const plain = { weight: [1, -2], m: [0, 0], v: [0, 0] };
    for (let step = 1; step <= 4; step++) {
      const grad = [0.3 * step, -1 / step];
      ({ params, state } = optimizer.update({ w: tensor2d([grad]) }, state, params, { learningRate: 0.05 }));
      for (const i of [0, 1]) {
        plain.m[i] = 0.8 * plain.m[i]! + 0.2 * grad[i]!;
        plain.v[i] = 0.9 * plain.v[i]! + 0.1 * grad[i]! ** 2;
        const direction = plain.m[i]! / (1 - 0.8 ** step) / (Math.sqrt(plain.v[i]! / (1 - 0.9 ** step)) + 1e-3);
        plain.weight[i] = plain.weight[i]! * (1 - 0.05 * 0.2) - 0.05 * direction;
      }
    }
    expect(numbers(params['w']!)).toEqual(plain.weight.map((weight) => expect.closeTo(weight, 5)));
  });

  it('disposes nothing and leaks nothing', () => {
    const optimizer = adamW();
    const params = { w: tensor2d([[1]]) };
    const state = optimizer.init(params);
    const before = memory().numTensors;
    optimizer.update({ w: tensor2d([[1]]) }, state, params, { learningRate: 0.1 });
    expect(memory().numTensors).toBe(before + 1 + 4); // the gradient of this test; weight, step, two moments
    expect(state.expAvg['w']!.isDisposed).toBe(false);
  });

  it('refuses a missing gradient and betas outside [0, 1)', () => {
    const optimizer = adamW();
    const params = { w: tensor2d([[1]]) };
    const update = () => optimizer.update({}, optimizer.init(params), params, { learningRate: 0.1 });
    expect(update).toThrow(WeightsError);
    expect(update).toThrow('adamW.update: `w` must have a gradient, got none');
    expect(() => adamW({ betas: [0.9, 1] })).toThrow('adamW: `betas[1]` must be in [0, 1), got 1');
    expect(() => adamW({ epsilon: -1 })).toThrow(OptionError);
    expect(() => adamW({ weightDecay: Number.NaN })).toThrow('adamW: `weightDecay` must be a finite number of at least 0, got NaN');
  });
});

it('decays: matrices decay, except biases, norms and the logit scale', () => {
  const matrix = { shape: [2, 2] };
  expect(decays('text_projection', matrix)).toBe(true);
  expect(decays('visual.class_embedding', { shape: [2] })).toBe(false);
  expect(decays('visual.ln_pre.weight', matrix)).toBe(false);
});
