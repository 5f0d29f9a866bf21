import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, it } from 'vitest';
import { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { runOrder } from '../graph/run-order.js';
import { jit } from '../jit.js';
import { activationBuffers, liveBytes } from '../memory/activation-buffers.js';
import { constantBytes } from '../memory/constant-bytes.js';
import type { Compiled, JitOptions } from '../types.js';

const owned: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  for (const compiled of owned.splice(0)) await compiled.dispose();
});

function compile<Args extends unknown[], Result>(fn: (...args: Args) => Result, options?: JitOptions): Compiled<Args, Result> {
  const compiled = jit(fn, options);
  owned.push(compiled);
  return compiled;
}

const host = (...shape: number[]) => ({ data: new Float32Array(tf.util.sizeFromShape(shape)).fill(0.5), shape });

/** Bytes of the activations of a graph that a test builds node by node: an input of 64 numbers, 256 bytes, as is every value. */
function activations(build: (g: GraphBuilder, x: Value) => Value[]): number {
  const g = new GraphBuilder();
  const outputs = build(g, g.input([64], 'float32'));
  const operations = runOrder({ inputs: g.inputs, outputs });
  return liveBytes(activationBuffers(operations, new Set(outputs)), operations.length);
}
const unary = (g: GraphBuilder, op: string, x: Value, shape = [64]) => g.node(op, [x], shape, 'float32');

describe('activations, by hand', () => {
  it('a chain holds what is read and what is written', () => {
    // Exp; Exp and Sin; Sin, and Cos in the place of Exp; the last one is a result.
    expect(activations((g, x) => [unary(g, 'Exp', unary(g, 'Cos', unary(g, 'Sin', unary(g, 'Exp', x))))])).toBe(2 * 256);
  });

  it('what is read late is held until then', () => {
    // Exp, Sin and Cos are alive when Cos is written; the product of Exp and Cos is a result.
    expect(
      activations((g, x) => {
        const first = unary(g, 'Exp', x);
        return [g.node('Mul', [first, unary(g, 'Cos', unary(g, 'Sin', first))], [64], 'float32')];
      }),
    ).toBe(3 * 256);
  });

  it('an activation function writes over what nobody else reads', () => {
    expect(activations((g, x) => [unary(g, 'Exp', unary(g, 'Tanh', unary(g, 'Sin', x)))])).toBe(256);
    // Sin is read again by the product: Tanh has memory of its own.
    expect(
      activations((g, x) => {
        const sin = unary(g, 'Sin', x);
        return [g.node('Mul', [unary(g, 'Tanh', sin), sin], [64], 'float32')];
      }),
    ).toBe(2 * 256);
  });

  it('a reshape is no memory, and a use of what it reshapes', () => {
    const shaped = (g: GraphBuilder, x: Value) => g.node('Reshape', [x, g.int64s([8, 8])], [8, 8], 'float32');
    expect(activations((g, x) => [unary(g, 'Exp', shaped(g, unary(g, 'Sin', x)), [8, 8])])).toBe(256);
    // The sine is read once more under its other shape: Tanh has memory of its own.
    expect(
      activations((g, x) => {
        const sin = unary(g, 'Sin', x);
        const tanh = shaped(g, unary(g, 'Tanh', sin));
        return [g.node('MatMul', [tanh, shaped(g, sin)], [8, 8], 'float32')];
      }),
    ).toBe(2 * 256);
    // An argument under another shape is nobody's to write over.
    expect(activations((g, x) => [unary(g, 'Exp', unary(g, 'Tanh', shaped(g, x), [8, 8]), [8, 8])])).toBe(256);
  });

  it('a buffer that is given on is held in between, one of another shape is not', () => {
    // The sine dies in its sum. Where the last one has its size and so its buffer, it stays beside the larger one in the middle.
    const widened = (last: number[]) =>
      activations((g, x) => {
        const total = unary(g, 'ReduceSum', unary(g, 'Sin', x), []);
        const wide = g.node('Expand', [total, g.int64s([256])], [256], 'float32');
        const less = unary(g, 'ReduceMax', wide, []);
        return [unary(g, 'Exp', g.node('Expand', [less, g.int64s(last)], last, 'float32'), last)];
      });
    expect(widened([64])).toBe(256 + 256 + 1024); // the sine's, a number's, the wide one
    expect(widened([32])).toBe(256 + 1024);
  });

  it('a constant of one number is filled, one by one', () => {
    expect(activations((g, x) => [g.node('Add', [x, g.splat(2, [64], 'float32')], [64], 'float32')])).toBe(256);
    expect(activations((g, x) => [g.node('Add', [x, g.splat(2, [], 'float32')], [64], 'float32')])).toBe(0);
  });
});

describe('constants, by hand', () => {
  const weights = Float32Array.from({ length: 5 * 20 }, (_, i) => i);
  const constants = (packed: boolean, build: (g: GraphBuilder, w: Value, product: (transposed?: boolean) => Value) => Value[]) => {
    const g = new GraphBuilder();
    const [x, y] = [g.input([2, 5], 'float32'), g.input([2, 20], 'float32')];
    const w = g.constant(weights, [5, 20], 'float32');
    const product = (transposed = false) =>
      g.node('MatMul', [transposed ? y : x, w], [2, transposed ? 5 : 20], 'float32', {
        transA: { int: 0 },
        transB: { int: Number(transposed) },
      });
    return constantBytes(runOrder({ inputs: g.inputs, outputs: build(g, w, product) }), packed);
  };

  it('a weight that products alone read is held as their copies, columns in groups of 16', () => {
    expect(constants(true, (_, __, product) => [product()])).toBe(4 * 5 * 32); // 20 columns are 32
    expect(constants(true, (_, __, product) => [product(), product(true)])).toBe(4 * 5 * 32 + 4 * 20 * 16); // turned, 5 are 16
  });

  it('one that others read is held besides', () => {
    expect(constants(true, (g, w, product) => [product(), unary(g, 'Exp', w, [5, 20])])).toBe(4 * 5 * 32 + 4 * 100);
    // On the left it is read as it is.
    expect(constants(true, (g, w) => [g.node('MatMul', [w, g.input([20, 3], 'float32')], [5, 3], 'float32')])).toBe(4 * 100);
    expect(constants(false, (_, __, product) => [product(), product(true)])).toBe(4 * 100);
  });
});

describe('memory', () => {
  const frozen = tf.tensor(
    Float32Array.from({ length: 64 * 64 }, (_, i) => i),
    [64, 64],
  );
  /** One step of momentum: gradients of `w` [64, 64] through a captured weight. */
  const train = (state: { w: tf.Tensor; m: tf.Tensor }, x: tf.Tensor, learningRate: tf.Scalar) => {
    const loss = (w: tf.Tensor) => tf.sum(tf.square(tf.matMul(tf.matMul(x, w), frozen))) as tf.Scalar;
    const { value, grad } = { value: loss(state.w), grad: tf.grad(loss)(state.w) };
    const m = tf.add(tf.mul(state.m, 0.9), grad);
    return { state: { w: tf.sub(state.w, tf.mul(tf.sqrt(learningRate), m)), m }, value };
  };
  const [w, x] = [host(64, 64), host(8, 64)];
  const matrix = 4 * 64 * 64;
  const batch = 4 * 8 * 64;

  it('counts state with room for its gradient, and the rest once', async () => {
    const step = compile(train, { donate: [0] });
    const { arguments: args, constants, results, activations: live, total, table } = await step.memory({ w, m: w }, x, 0.1);
    expect(args).toBe(3 * matrix + batch + 4); // w, m, gradient; x; the learning rate
    expect(constants).toBe(2 * matrix + 16); // packed forward and backward; two axes of a sum, int64
    expect(results).toBe(4 + 4); // the loss; the root that the kernel is given
    expect(live).toBeGreaterThan(0);
    expect(total).toBe(args + constants + results + live);
    expect(table.split('\n')).toHaveLength(6);
    expect(table).toMatch(/^ MB +share\n0\.1 +\d+\.\d % {2}arguments, with room/);
    expect(table).toMatch(new RegExp(`${(total / 1e6).toFixed(1)} +together$`));
  });

  it('counts new state where none is consumed', async () => {
    const { arguments: args, results } = await compile(train).memory({ w, m: w }, x, 0.1);
    expect(args).toBe(2 * matrix + batch + 4);
    expect(results).toBe(2 * matrix + 4);
  });

  it('holds a constant once where no kernel packs it', async () => {
    const { constants } = await compile(train, { device: 'webgpu', donate: [0] }).memory({ w, m: w }, x, 0.1);
    expect(constants).toBe(matrix + 16);
  });

  it('consumes nothing', async () => {
    const step = compile(train, { donate: [0] });
    const { state } = await step({ w, m: w }, x, 0.1);
    const before = tf.memory().numTensors;
    await step.memory(state, x, 0.1);
    expect(tf.memory().numTensors).toBe(before);
    expect((await state.w.read()).length).toBe(64 * 64);
  });

  it('is refused where nothing is compiled', async () => {
    await expect(compile(train, { device: 'eager' }).memory({ w, m: w }, x, 0.1)).rejects.toThrow(
      'memory: `device` must be one that compiles: cpu, webgpu, cuda, got eager',
    );
  });
});
