import '@tensorflow/tfjs';
import { createKey, randomStream } from '@fsc-clip/core';
import { adamW, ema, valueAndGrads } from '@fsc-clip/core/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type DeviceArray, jit } from '../index.js';
import { trace } from '../trace/trace.js';
import { flatten } from '../tree.js';
import type { ArrayLike, Compiled } from '../types.js';
import { laneOps } from './expression.js';
import { type DividedGraph, findUpdates } from './find-updates.js';

type T = tf.Tensor;
type State = Record<string, T>;
type Step = (state: State, x: T) => { state: State; seen: T };
type Arrays = Record<string, ArrayLike>;

const random = randomStream(createKey(5));
const filled = (shape: number[], next: () => number) => ({
  data: Float32Array.from({ length: tf.util.sizeFromShape(shape) }, next),
  shape,
});
const normal = (...shape: number[]) => filled(shape, () => random.normal());

/** Every number that some rounds of a compiled step give, state in, state out. */
async function rounds(step: Compiled<Parameters<Step>, ReturnType<Step>>, state: Arrays, x: ArrayLike, count = 4): Promise<number[][]> {
  const seen: number[][] = [];
  let current = state;
  for (let i = 0; i < count; i++) {
    const result = await step(current, x);
    seen.push([...(await result.seen.read())]);
    for (const array of Object.values(result.state)) seen.push([...(await array.read())]);
    current = result.state;
  }
  return seen;
}

async function expectEqualWithAndWithoutDonation(fn: Step, state: Arrays, x: ArrayLike): Promise<void> {
  const [donating, plain] = [jit(fn, { donate: [0] }), jit(fn)];
  expect(await rounds(donating, state, x)).toEqual(await rounds(plain, state, x)); // tells 0 from -0; NaN is NaN
  await Promise.all([donating.dispose(), plain.dispose()]);
}

/** How a step is divided when its state is donated. */
async function divide(fn: Step, shapes: Record<string, number[]>, x: number[]): Promise<DividedGraph> {
  const isShape = (value: unknown): value is number[] => Array.isArray(value) && value.every((size) => typeof size === 'number');
  const { shape: tree, leaves } = flatten([shapes, x], isShape, 'arguments');
  const { graph } = await trace(fn as never, {
    tree: { kind: 'list', items: tree.kind === 'list' ? tree.items : [] },
    leaves: leaves.map(({ value }) => ({ shape: value, dtype: 'float32' })),
  });
  return findUpdates(graph, new Set(Object.keys(shapes).keys()));
}

const optimizer = adamW({ weightDecay: 0.1 });
const names = ['w', 'u', 'b'];

/** AdamW on a small net; the state is a flat record `w`, `w.m`, `w.v`, … and `step`. */
const train: Step = (state, x) => {
  const pick = (suffix: string) => Object.fromEntries(names.map((name) => [name, state[name + suffix]!]));
  const { value, grads } = valueAndGrads((p, a: T) => {
    const hidden = tf.tanh(tf.add(tf.matMul(a, p['w']!), p['b']!));
    return tf.mean(tf.square(tf.matMul(hidden, p['u']!))) as tf.Scalar;
  })(pick(''), x);
  const held = { step: state['step'] as tf.Scalar, expAvg: pick('.m'), expAvgSq: pick('.v') };
  const { params, state: next } = optimizer.update(grads, held, pick(''), { learningRate: 0.05 });
  const flat: State = { step: next.step };
  for (const name of names)
    Object.assign(flat, { [name]: params[name], [`${name}.m`]: next.expAvg[name], [`${name}.v`]: next.expAvgSq[name] });
  return { state: flat, seen: value };
};
const averaging = ema({ decay: 0.99 });

/** The same with averaged weights beside: `w.a`, … and `averaged`. */
const trainAndAverage: Step = (state, x) => {
  const { state: next, seen } = train(state, x);
  const pick = (from: State, suffix: string) => Object.fromEntries(names.map((name) => [name, from[name + suffix]!]));
  const { step, average } = averaging.update({ step: state['averaged'] as tf.Scalar, average: pick(state, '.a') }, pick(next, ''));
  return { state: { ...next, ...Object.fromEntries(names.map((name) => [`${name}.a`, average[name]!])), averaged: step }, seen };
};
const trainShapes = { w: [3, 5], u: [5, 3], b: [5] };
const trainState = (): Arrays =>
  Object.fromEntries([
    ['step', 0],
    ...Object.entries(trainShapes).flatMap(([name, shape]): [string, ArrayLike][] => [
      [name, normal(...shape)],
      [`${name}.m`, filled(shape, () => 0)],
      [`${name}.v`, filled(shape, () => 0)],
    ]),
  ]);

describe('what is updated in place', () => {
  it('AdamW: weights and moments; the program gives gradients and scalars, one kernel serves equal shapes and unequal', async () => {
    const shapes = Object.fromEntries(
      ['step', ...names.flatMap((name) => [name, `${name}.m`, `${name}.v`])].map((key) => [key, trainShapes[key[0] as 'w'] ?? []]),
    );
    const { program, updates, results } = await divide(train, shapes, [2, 3]);
    expect(updates.map(({ size, state, arrays }) => ({ size, state: state.length, arrays: arrays.length }))).toEqual(
      [15, 15, 5].map((size) => ({ size, state: 3, arrays: 4 })),
    );
    expect(new Set(updates.map(({ kernel }) => JSON.stringify(kernel))).size).toBe(2); // with weight decay, and without
    expect(results.filter((result) => 'input' in result)).toHaveLength(9);
    expect(program.outputs.map(({ shape }) => shape).filter(({ length }) => length > 0)).toEqual([[3, 5], [5, 3], [5]]);
  });

  it('averaged weights, in the kernel of the weights', async () => {
    const shapes = Object.fromEntries(
      ['step', 'averaged', ...names.flatMap((name) => [name, `${name}.m`, `${name}.v`, `${name}.a`])].map((key) => [
        key,
        trainShapes[key[0] as 'w'] ?? [],
      ]),
    );
    const { program, updates, results } = await divide(trainAndAverage, shapes, [2, 3]);
    expect(updates.map(({ size, state }) => ({ size, state: state.length }))).toEqual([15, 15, 5].map((size) => ({ size, state: 4 })));
    expect(results.filter((result) => 'input' in result)).toHaveLength(12);
    expect(program.outputs.map(({ shape }) => shape).filter(({ length }) => length > 0)).toEqual([[3, 5], [5, 3], [5]]);
  });

  it('what a condition on scalars chooses: a step that is taken or left out', async () => {
    const fn: Step = ({ a, b }, x) => {
      const taken = tf.lessEqual(tf.sum(tf.abs(x)), 10);
      return { state: { a: tf.where(taken, tf.sub(a!, x), a!), b: tf.where(tf.logicalNot(taken), b!, tf.mul(b!, 0.5)) }, seen: x };
    };
    const { program, updates } = await divide(fn, { a: [2, 3], b: [5] }, [2, 3]);
    expect(updates.map(({ size, state }) => [size, state.length])).toEqual([
      [6, 1],
      [5, 1],
    ]);
    expect(program.outputs.map(({ shape, dtype }) => [shape, dtype])).toEqual([
      [[2, 3], 'float32'],
      [[], 'float32'],
    ]);
    for (const size of [1, 2, Number.NaN])
      await expectEqualWithAndWithoutDonation(
        fn,
        { a: normal(2, 3), b: normal(5) },
        { data: new Float32Array(6).fill(size), shape: [2, 3] },
      );
  });

  it('not what is no function of its own element, nor another type, nor a single number', async () => {
    const fn: Step = ({ a, b, c }, x) => ({
      state: { a: tf.add(a!, tf.sum(a!, 1, true)), b: tf.transpose(b!), c: tf.add(c!, 1) },
      seen: x,
    });
    const { updates, results } = await divide(fn, { a: [2, 2], b: [2, 2], c: [] }, [1]);
    // `a` reads its sums, which the program gives as an array; two rows of one sum each are no array of a's size
    expect(updates).toEqual([]);
    expect(results.every((result) => 'output' in result)).toBe(true);
  });

  it('nothing when nothing would be left to run', async () => {
    const fn: Step = ({ a }, x) => ({ state: { a: tf.add(a!, x) }, seen: tf.mul(a!, 2) });
    const single = (state: State, x: T) => ({ a: tf.add(state['a']!, x) });
    expect((await divide(fn, { a: [6] }, [6])).updates).toHaveLength(1);
    expect((await divide(single as never, { a: [6] }, [6])).updates).toEqual([]);
  });

  it('a sum of gradients is one array, not two', async () => {
    const fn: Step = ({ a }, x) => ({ state: { a: tf.sub(a!, tf.add(tf.exp(x), tf.sin(x))) }, seen: x });
    const { program } = await divide(fn, { a: [6] }, [6]);
    expect(program.outputs).toHaveLength(2);
  });
});

describe('in place equals the program to the bit', () => {
  it('a net trained by AdamW, sizes that are no multiple of four', async () => {
    await expectEqualWithAndWithoutDonation(train, trainState(), normal(2, 3));
  });

  it('the same with averaged weights', async () => {
    const averages = Object.entries(trainShapes).map(([name, shape]): [string, ArrayLike] => [`${name}.a`, normal(...shape)]);
    await expectEqualWithAndWithoutDonation(
      trainAndAverage,
      { ...trainState(), ...Object.fromEntries(averages), averaged: 0 },
      normal(2, 3),
    );
  });

  it('every operator, over special numbers too', async () => {
    const special = [0, -0, 1, -1, 0.1, 2.5, -2.5, Number.NaN, Infinity, -Infinity, 1e-40, -1e-40, 1e-20, 3e38];
    const pairs = special.flatMap((a) => special.map((b) => [a, b] as const));
    const ops: Record<(typeof laneOps)[number], (a: T, b: T) => T> = {
      Add: tf.add,
      Sub: tf.sub,
      Mul: tf.mul,
      Div: tf.div,
      Neg: tf.neg,
      Abs: tf.abs,
      Sqrt: tf.sqrt,
      Floor: tf.floor,
      Ceil: tf.ceil,
      Reciprocal: tf.reciprocal,
      Max: tf.maximum,
      Min: tf.minimum,
      Equal: (a, b) => tf.where(tf.equal(a, b), a, 7),
      Greater: (a, b) => tf.where(tf.greater(a, b), a, b),
      GreaterOrEqual: (a, b) => tf.where(tf.greaterEqual(a, b), a, b),
      Less: (a, b) => tf.where(tf.less(a, b), a, b),
      LessOrEqual: (a, b) => tf.where(tf.lessEqual(a, b), a, b),
      Not: (a, b) => tf.where(tf.logicalNot(tf.less(a, b)), a, b),
      And: (a, b) => tf.where(tf.logicalAnd(tf.less(a, b), tf.less(a, 1)), a, b),
      Or: (a, b) => tf.where(tf.logicalOr(tf.less(a, b), tf.less(a, 1)), a, b),
      Where: (a, b) => tf.where(tf.less(a, 0), tf.mul(a, b), b),
    };
    const fn: Step = (state, x) => ({
      state: Object.fromEntries(laneOps.map((op) => [op, ops[op](state[op]!, x)])),
      seen: x,
    });
    const a = { data: Float32Array.from(pairs, ([value]) => value), shape: [pairs.length] };
    const b = { data: Float32Array.from(pairs, ([, value]) => value), shape: [pairs.length] };
    const divided = await divide(fn, Object.fromEntries(laneOps.map((op) => [op, a.shape])), b.shape);
    expect(divided.updates.map(({ state }) => state.length)).toEqual(laneOps.map(() => 1));
    await expectEqualWithAndWithoutDonation(fn, Object.fromEntries(laneOps.map((op) => [op, a])), b);
  });

  it('moments that fade into denormals', async () => {
    const fn: Step = ({ m }, x) => ({ state: { m: tf.mul(m!, 1e-10) }, seen: x });
    await expectEqualWithAndWithoutDonation(fn, { m: filled([9], () => random.normal() * 1e-20) }, normal(1));
  });

  it('arrays that swap, are returned as they are, returned twice, or take another shape', async () => {
    const fn: Step = ({ a, b, c, d }, x) => {
      const moved = tf.add(a!, x);
      return {
        state: { a: b!, b: moved, c: tf.mul(c!, a!), d: tf.reshape(tf.mul(tf.reshape(d!, [6]), x), [3, 2]) },
        seen: tf.add(moved, 0.5),
      };
    };
    await expectEqualWithAndWithoutDonation(fn, { a: normal(6), b: normal(6), c: normal(6), d: normal(3, 2) }, normal(6));
    const twice: Step = ({ a }, x) => {
      const moved = tf.add(a!, x);
      return { state: { a: moved }, seen: moved };
    };
    await expectEqualWithAndWithoutDonation(twice, { a: normal(6) }, normal(6));
  });

  it('gradients that are returned too, given by the caller, or used by two updates', async () => {
    const fn: Step = ({ a, b }, x) => {
      const gradient = tf.sin(x);
      return { state: { a: tf.sub(a!, gradient), b: tf.sub(tf.sub(b!, gradient), x) }, seen: gradient };
    };
    await expectEqualWithAndWithoutDonation(fn, { a: normal(7), b: normal(7) }, normal(7));
    const hidden: Step = ({ a, b }, x) => ({ state: { a: tf.sub(a!, tf.sin(x)), b: tf.mul(b!, tf.sin(x)) }, seen: tf.sum(x) });
    await expectEqualWithAndWithoutDonation(hidden, { a: normal(7), b: normal(7) }, normal(7));
  });
});

describe('arrays of state', () => {
  const descend: Step = ({ a, b }, x) => ({ state: { a: tf.sub(a!, tf.sin(x)), b: tf.mul(b!, x) }, seen: tf.sum(x) });
  const numbers = async (array: DeviceArray) => [...(await array.read())];

  it('an array that is passed twice becomes two', async () => {
    const [donating, plain] = [jit(descend, { donate: [0] }), jit(descend)];
    const x = normal(5);
    const start = normal(5);
    const results = await Promise.all(
      [donating, plain].map(async (step) => {
        const first = await step({ a: start, b: start }, x);
        const tied = first.state['a']!;
        const { state } = await step({ a: tied, b: tied }, x);
        return Promise.all([numbers(state['a']!), numbers(state['b']!)]);
      }),
    );
    expect(results[0]).toEqual(results[1]);
    await Promise.all([donating.dispose(), plain.dispose()]);
  });

  it('goes from program to program, also to one that uses it otherwise, and outlives both', async () => {
    const x = normal(5);
    const state = { a: normal(5), b: normal(5) };
    const momentum: Step = ({ a, b }, y) => ({ state: { a: tf.add(a!, b!), b: tf.mul(b!, 0.5) }, seen: tf.sum(y) });
    const run = async (donate: number[]) => {
      const [first, second] = [jit(descend, { donate }), jit(momentum, { donate })];
      let current: Arrays = state;
      for (const step of [first, second, first, second, second, first]) current = (await step(current, x)).state;
      await Promise.all([first.dispose(), second.dispose()]);
      return Promise.all(Object.values(current).map((array) => numbers(array as DeviceArray)));
    };
    expect(await run([0])).toEqual(await run([]));
  });

  it('one array of a state lives on beside a new state of the others', async () => {
    const step = jit(descend, { donate: [0] });
    const x = normal(5);
    const first = (await step({ a: normal(5), b: normal(5) }, x)).state;
    const kept = await numbers(first['b']!);
    await step({ a: first['a']!, b: normal(5) }, x);
    expect(await numbers(first['b']!)).toEqual(kept);
    await step.dispose();
  });

  it('a failed run changes and consumes nothing', async () => {
    const fn = (state: State, rows: T) => ({ state: { a: tf.add(tf.mul(state['a']!, 2), tf.gather(tf.range(0, 5), rows)) } });
    const step = jit(fn, { donate: [0] });
    const rows = (last: number) => ({ data: Int32Array.of(0, 1, 2, last), shape: [4] });
    const { state } = await step({ a: { data: Float32Array.of(1, 2, 3, 4), shape: [4] } }, rows(3));
    expect(await numbers(state['a'])).toEqual([2, 5, 8, 11]);
    await expect(step(state, rows(9))).rejects.toThrow('must carry out the program');
    expect(await numbers(state['a'])).toEqual([2, 5, 8, 11]);
    expect(await numbers((await step(state, rows(3))).state['a'])).toEqual([4, 11, 18, 25]);
    await step.dispose();
  });
});
