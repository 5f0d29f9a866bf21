import { createKey, randomStream } from '@fsc-clip/core';
import * as tf from '@tensorflow/tfjs-core';

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

/** A case's name in a test report. */
export function nameOf({ kernel, inputs }: Case, index: number): string {
  return `${kernel} ${index} ${inputs.map(({ dtype, shape }) => `${dtype}[${shape}]`)}`;
}
