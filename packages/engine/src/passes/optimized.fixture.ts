import * as tf from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import type { Node } from '../graph/graph.js';
import { liveNodes } from '../graph/order.js';
import { jit } from '../jit.js';
import { trace } from '../trace/trace.js';
import { optimize } from './optimize.js';

type Fn = (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];

/** The nodes of a function as the cpu runs it, in order; its numbers are compared with tfjs's. */
export async function optimizedNodes(fn: Fn, ...inputs: tf.Tensor[]): Promise<Node[]> {
  const step = jit(fn);
  const expected = [fn(...inputs)].flat();
  const results = [await step(...inputs)].flat();
  for (const [i, result] of results.entries()) {
    const [actual, numbers] = [await result.read(), expected[i]!.dataSync()];
    expect(result.shape).toEqual(expected[i]!.shape);
    const largest = Math.max(...numbers.map(Math.abs));
    for (let k = 0; k < numbers.length; k++) expect(Math.abs(actual[k]! - numbers[k]!)).toBeLessThanOrEqual(2e-6 * largest);
  }
  await step.dispose();
  const leaves = inputs.map(({ shape, dtype }) => ({ shape, dtype: dtype as 'float32' }));
  const tree = { kind: 'list' as const, items: inputs.map(() => ({ kind: 'leaf' as const })) };
  return liveNodes(optimize(await trace(fn as never, { tree, leaves }), 'cpu').graph);
}

/** A matrix whose numbers are no two alike. */
export function matrix(...shape: number[]): tf.Tensor {
  const size = shape.reduce((a, b) => a * b, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.sin(i + size)),
    shape,
  );
}
