import '@tensorflow/tfjs';
import { memory, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { OptionError, WeightsError } from '../errors.js';
import { ema } from './ema.js';
import { disposeParams } from './params.js';

const weights = (...w: number[]) => ({ w: tensor(w) });
const numbers = (averaging: { average: Record<string, { dataSync(): ArrayLike<number> }> }) =>
  Array.from(averaging.average['w']!.dataSync());

describe('ema', () => {
  it('averages, by hand', () => {
    const { init, update } = ema({ decay: 0.75, warmup: false });
    const first = update(init(weights(0, 8)), weights(4, 8)); // 0 + ¼ · 4
    expect(numbers(first)).toEqual([1, 8]);
    const second = update(first, weights(4, 0)); // 1 + ¼ · 3; 8 − ¼ · 8
    expect(numbers(second)).toEqual([1.75, 6]);
    expect(second.step.dataSync()[0]).toBe(2);
  });

  it('warms up: (1 + step) / (10 + step), until that is more than the decay', () => {
    const { init, update } = ema({ decay: 0.25 });
    let state = init(weights(0));
    let expected = 0;
    for (const kept of [1 / 10, 2 / 11, 0.25, 0.25]) {
      state = update(state, weights(1));
      expected += (1 - kept) * (1 - expected);
      expect(numbers(state)[0]).toBeCloseTo(expected, 6);
    }
  });

  it('of weights that stay is the weights, to the bit', () => {
    const { init, update } = ema();
    const same = weights(0.1, -3e-20, 7e20);
    let state = init(same);
    for (let i = 0; i < 5; i++) state = update(state, same);
    expect(numbers(state)).toEqual(Array.from(same.w.dataSync()));
  });

  it('has tensors of its own and leaks none', () => {
    const { init, update } = ema();
    const params = weights(1, 2);
    const before = memory().numTensors;
    const state = init(params);
    const next = update(state, params);
    expect(memory().numTensors).toBe(before + 4);
    disposeParams(params);
    expect(numbers(state)).toEqual([1, 2]);
    for (const { step, average } of [state, next]) disposeParams({ step, ...average });
    expect(memory().numTensors).toBe(before - 1);
    expect(tidy(() => memory().numTensors)).toBe(before - 1);
  });

  it('refuses what cannot be', () => {
    expect(() => ema({ decay: 1 })).toThrow(OptionError);
    expect(() => ema({ decay: -0.1 })).toThrow('ema: `decay` must be in [0, 1), got -0.1');
    const { init, update } = ema();
    expect(() => update(init(weights(1)), {})).toThrow(WeightsError);
  });
});
