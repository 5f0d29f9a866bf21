import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { jit } from '../jit.js';
import type { Device } from '../types.js';
import { type Case, isDifferentiable, type T } from './case.fixture.js';

/** The value of a case and the gradients of its float inputs, of a sum that weighs no two elements alike. */
function valueAndGradients(one: Case): (...inputs: T[]) => T[] {
  // constants: a device's own cosine must not weigh
  const weights = (size: number) => Float32Array.from({ length: size }, (_, i) => Math.cos(i) + 0.3);
  const weigh = (y: T) => tf.sum(tf.mul(y, tf.tensor(weights(y.size), y.shape)));
  return (...inputs) => {
    const value = [one.fn(...inputs)].flat();
    if (!isDifferentiable(one)) return value;
    const isFloat = inputs.map(({ dtype }) => dtype === 'float32');
    const total = (...floating: T[]) => {
      let next = 0;
      const merged = inputs.map((input, i) => (isFloat[i] ? floating[next++]! : input));
      const results = [one.fn(...merged)].flat().filter(({ dtype }) => dtype === 'float32');
      return results.map(weigh).reduce((a, b) => tf.add(a, b)) as tf.Scalar;
    };
    return [...value, ...tf.grads(total as never)(inputs.filter((_, i) => isFloat[i]))];
  };
}

/** Equal to rounding: within `relative` of the largest number, NaN and infinities in the same places. */
function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, relative: number, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const finite = Array.from(expected).filter(Number.isFinite).map(Math.abs);
  const tolerance = relative * Math.max(1e-3, ...finite);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (Number.isFinite(e)) expect(Math.abs(a - e), `${what}[${i}]: ${a} for ${e}`).toBeLessThanOrEqual(tolerance);
    else expect(a, `${what}[${i}]`).toBe(e);
  }
}

/** How near a device's numbers are to tfjs's, of the largest number of an array: GPUs round functions like exp and tanh more loosely. */
const precision = { cpu: 2e-6, webgpu: 1e-4, cuda: 1e-4 };

/** Runs a case on tfjs's cpu backend and compiled, and compares shapes, types and numbers. */
export async function compare(one: Case, device: Exclude<Device, 'eager'> = 'cpu'): Promise<void> {
  const run = valueAndGradients(one);
  const expected = run(...one.inputs);
  const compiled = jit(run, { device });
  try {
    const results = await compiled(...one.inputs);
    expect(results.length).toBe(expected.length);
    for (const [i, result] of results.entries()) {
      expect(result.shape).toEqual(expected[i]!.shape);
      expect(result.dtype).toBe(expected[i]!.dtype);
      expectClose(await result.read(), await expected[i]!.data(), precision[device], `result ${i}`);
      result.dispose();
    }
  } finally {
    await compiled.dispose();
    tf.dispose(expected);
  }
}
