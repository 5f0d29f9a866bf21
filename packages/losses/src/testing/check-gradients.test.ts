import '@tensorflow/tfjs';
import { OptionError } from '@fsc-clip/core';
import { customGrad, memory, mul, type Scalar, scalar, square, sum, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { checkGradients } from './index.js';

const cubes = ({ x }: { x: Tensor }) => sum<Scalar>(mul(square(x), x));
/** Σ x² with a gradient that is 10 % too large. */
const wrong = customGrad((x) => ({ value: sum(square(x as Tensor)), gradFunc: (dy: Tensor) => mul(dy, mul(2.2, x as Tensor)) }));

describe('checkGradients', () => {
  it('passes a right gradient: Σ x³, slope 3 x² · d', () => {
    const { pass, message, checks } = checkGradients(cubes, { x: tensor1d([1, -2, 3]) }, { directions: 5 });
    expect(message()).toBe('all 5 slopes agree with finite differences');
    expect(pass).toBe(true);
    expect(new Set(checks.map(({ analytic }) => analytic)).size).toBe(5);
  });

  it('fails a wrong one and says where', () => {
    const { pass, message } = checkGradients(({ x, y }) => sum<Scalar>(mul(wrong(x), y)), { x: tensor1d([1, 2]), y: scalar(1) });
    expect(pass).toBe(false);
    expect(message()).toMatch(/^3 of 6 slopes disagree with finite differences:\n {2}x: \S+ by the gradient, \S+ by differences/);
  });

  it('accepts a loss with terms, and leaks nothing', () => {
    const x = tensor1d([1]);
    const before = memory().numTensors;
    const { pass } = checkGradients((inputs) => ({ total: cubes(inputs), terms: {} }), { x });
    expect([pass, memory().numTensors]).toEqual([true, before]);
  });

  it('refuses options out of range', () => {
    expect(() => checkGradients(cubes, { x: scalar(1) }, { step: 0 })).toThrow(OptionError);
    expect(() => checkGradients(cubes, { x: scalar(1) }, { step: 0 })).toThrow('checkGradients: `step` must be above 0, got 0');
  });
});
