import { createKey, randomStream } from '@fsc-clip/core';
import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import { jit } from '../jit.js';
import type { Device } from '../types.js';

export type T = tf.Tensor;

/** One use of a kernel, to be the same eager and compiled, in value and (where it has one) in gradient. */
export interface Case {
  readonly kernel: string;
  readonly fn: (...inputs: T[]) => T | T[];
  readonly inputs: readonly T[];
  /** Leaves the gradient out. */
  readonly noGradient: boolean;
}

export function c(kernel: string, fn: (...inputs: never[]) => T | T[], inputs: readonly T[], noGradient = false): Case {
  return { kernel, fn: fn as Case['fn'], inputs, noGradient };
}

export const unary = (kernel: string, fn: (x: T) => T, ...inputs: T[]) => inputs.map((x) => c(kernel, fn, [x]));
export const binary = (kernel: string, fn: (a: T, b: T) => T, ...operands: [T, T][]) => operands.map((pair) => c(kernel, fn, pair));

const random = randomStream(createKey(11));
const filled = (shape: number[], next: () => number) => tf.tensor(Float32Array.from({ length: tf.util.sizeFromShape(shape) }, next), shape);

export const floats = (...shape: number[]) => filled(shape, () => random.normal());
export const positives = (...shape: number[]) => tf.add(tf.abs(floats(...shape)), 0.1);
export const units = (...shape: number[]) => tf.tanh(floats(...shape));
export const integers = (below: number, ...shape: number[]) =>
  tf.cast(
    filled(shape, () => random.integer(below)),
    'int32',
  );
export const signed = (...shape: number[]) => tf.sub(integers(9, ...shape), tf.scalar(4, 'int32'));
export const bools = (...shape: number[]) => tf.greater(floats(...shape), 0);
export const pairs = (rows: number[][]) => tf.tensor2d(rows, undefined, 'int32');
export const special = tf.tensor1d([0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-8, -1e-8, 1e-4, 30, -30, 1e4, -1e4]);
export const extremes = tf.tensor1d([Number.NaN, Infinity, -Infinity, 0, 1]);

/** Whether a case is checked in its gradient too: it has one, and something to take it in. */
export function isDifferentiable({ noGradient, inputs }: Case): boolean {
  return !noGradient && inputs.some(({ dtype }) => dtype === 'float32');
}

/** The value of a case and the gradients of its float inputs, of a sum that weighs no two elements alike. */
function valueAndGradients(one: Case): (...inputs: T[]) => T[] {
  const weigh = (y: T) => tf.sum(tf.mul(y, tf.reshape(tf.add(tf.cos(tf.range(0, y.size)), 0.3), y.shape)));
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

/** Equal to rounding: 2e-6 of the largest number, NaN and infinities in the same places. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const finite = Array.from(expected).filter(Number.isFinite).map(Math.abs);
  const tolerance = 2e-6 * Math.max(1e-3, ...finite);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (Number.isFinite(e)) expect(Math.abs(a - e), `${what}[${i}]: ${a} for ${e}`).toBeLessThanOrEqual(tolerance);
    else expect(a, `${what}[${i}]`).toBe(e);
  }
}

/** A case's name in a test report. */
export function nameOf({ kernel, inputs }: Case, index: number): string {
  return `${kernel} ${index} ${inputs.map(({ dtype, shape }) => `${dtype}[${shape}]`)}`;
}

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
      expectClose(await result.read(), await expected[i]!.data(), `result ${i}`);
      result.dispose();
    }
  } finally {
    await compiled.dispose();
    tf.dispose(expected);
  }
}
