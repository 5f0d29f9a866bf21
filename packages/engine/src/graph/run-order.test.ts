import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { isArgument, prepare } from '../arguments.js';
import { jit } from '../jit.js';
import { optimize } from '../passes/optimize.js';
import { trace } from '../trace/trace.js';
import { flatten } from '../tree.js';
import { GraphBuilder } from './builder.js';
import { liveNodes } from './order.js';
import { runOrder } from './run-order.js';

it('by hand: what nobody reads, last first, each after what it reads', () => {
  const g = new GraphBuilder();
  const x = g.input([2], 'float32');
  const a = g.node('Exp', [x], [2], 'float32');
  const b = g.node('Sin', [a], [2], 'float32');
  const early = g.node('Cos', [a], [2], 'float32'); // a leaf: the other one and all that it needs come before it
  const c = g.node('Tanh', [x], [2], 'float32');
  const late = g.node('Mul', [b, c], [2], 'float32'); // c was made after b
  const graph = { inputs: g.inputs, outputs: [early, late] };
  expect(liveNodes(graph).map(({ op }) => op)).toEqual(['Exp', 'Sin', 'Cos', 'Tanh', 'Mul']);
  expect(runOrder(graph).map(({ op }) => op)).toEqual(['Tanh', 'Exp', 'Sin', 'Mul', 'Cos']);
});

it('fills constants of one number first where they are read, and copies results that no node makes', () => {
  const g = new GraphBuilder();
  const x = g.input([3], 'float32');
  const ones = g.splat(1, [3], 'float32');
  const one = g.splat(1, [], 'float32');
  const sum = g.node('Add', [g.node('Mul', [x, one], [3], 'float32'), ones], [3], 'float32');
  const order = runOrder({ inputs: g.inputs, outputs: [x, sum, sum] });
  // The copies end the file: the last is that of the second sum, and all else stands before it.
  expect(order.map(({ name }) => name)).toEqual(['node_0', `v${ones.id}_expand`, 'node_1', 'output_2', 'output_0']);
});

it('is the order that onnxruntime’s profiler writes down', async () => {
  const host = (...shape: number[]) => ({ data: Float32Array.from({ length: tf.util.sizeFromShape(shape) }, Math.cos), shape });
  const names = ['first', 'second', 'third'];
  const params = Object.fromEntries(
    names.flatMap((name) => [
      [name, host(4, 4)],
      [`${name}Bias`, host(4)],
    ]),
  );
  type Params = Record<string, tf.Tensor>;
  const step = (held: Params, x: tf.Tensor) => {
    const keys = Object.keys(held);
    const loss = (...values: tf.Tensor[]) => {
      const of = (name: string) => values[keys.indexOf(name)]!;
      const last = names.reduce((h, name) => tf.tanh(tf.add(tf.matMul(h, of(name)), of(`${name}Bias`))), x);
      return tf.add(tf.mean(tf.square(last)), tf.sum(tf.softmax(last))) as tf.Scalar;
    };
    const { value, grads } = tf.valueAndGrads(loss)(Object.values(held));
    return { x, value, again: value, grads, filled: tf.concat([tf.ones([2, 4]), x]) };
  };
  const compiled = jit(step);
  const { nodes } = await compiled.profile(params, host(5, 4));
  await compiled.dispose();

  const { shape: tree, leaves } = flatten([params, host(5, 4)], isArgument, 'arguments');
  const { graph } = optimize(await trace(step as never, { tree, leaves: await Promise.all(leaves.map((leaf) => prepare(leaf))) }), 'cpu');
  const ran = nodes.map(({ name }) => name).filter((name) => name !== 'sentinel');
  const order = runOrder(graph).map(({ name }) => name);
  expect(order).toEqual(ran);
  expect(order).toContain('output_0');
  expect(order.filter((name) => name.endsWith('_expand'))).not.toEqual([]);
  expect(order).not.toEqual(liveNodes(graph).map(({ name }) => name));
});
