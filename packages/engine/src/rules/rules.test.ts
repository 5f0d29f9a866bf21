import '@tensorflow/tfjs';
import { createKey, randomStream } from '@fsc-clip/core';
import { uniform } from '@fsc-clip/core/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { jit } from '../jit.js';
import { rules } from './index.js';

// Every rule against the tfjs cpu backend: the same function, eager and compiled, in value and (where it has one) in gradient.

const random = randomStream(createKey(11));
const floats = (...shape: number[]) =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()),
    shape,
  );
const positives = (...shape: number[]) => tf.add(tf.abs(floats(...shape)), 0.1);
const units = (...shape: number[]) => tf.tanh(floats(...shape));
const integers = (below: number, ...shape: number[]) =>
  tf.tensor(
    Int32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.integer(below)),
    shape,
    'int32',
  );
const signed = (...shape: number[]) => tf.sub(integers(9, ...shape), tf.scalar(4, 'int32'));
const bools = (...shape: number[]) => tf.greater(floats(...shape), 0);
const pairs = (rows: number[][]) => tf.tensor2d(rows, undefined, 'int32');
const special = tf.tensor1d([0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 1e-8, -1e-8, 1e-4, 30, -30, 1e4, -1e4]);
const extremes = tf.tensor1d([Number.NaN, Infinity, -Infinity, 0, 1]);

interface Case {
  readonly kernel: string;
  readonly fn: (...inputs: tf.Tensor[]) => tf.Tensor | tf.Tensor[];
  readonly inputs: readonly tf.Tensor[];
  /** Leaves the gradient out where tfjs has none. */
  readonly noGradient?: boolean;
}

const c = (kernel: string, fn: (...inputs: never[]) => tf.Tensor | tf.Tensor[], inputs: tf.Tensor[], noGradient = false): Case => ({
  kernel,
  fn: fn as Case['fn'],
  inputs,
  noGradient,
});

type T = tf.Tensor;
const unary = (kernel: string, fn: (x: T) => T, ...inputs: T[]) => inputs.map((x) => c(kernel, fn, [x]));
const binary = (kernel: string, fn: (a: T, b: T) => T, ...operands: [T, T][]) => operands.map((pair) => c(kernel, fn, pair));
// tfjs's own gradients of these do not broadcast.
const binaryUnbroadcast = (kernel: string, fn: (a: T, b: T) => T, ...operands: [T, T][]) =>
  operands.map(([a, b]) => c(kernel, fn, [a, b], String(a.shape) !== String(b.shape)));
const broadcasts: [T, T][] = [
  [floats(3, 4), floats(3, 4)],
  [floats(3, 4), floats(4)],
  [floats(2, 1, 4), floats(3, 1)],
  [floats(), floats(2, 3)],
];
const positiveBroadcasts = broadcasts.map(([a, b]): [T, T] => [tf.add(tf.abs(a), 0.2), tf.add(tf.abs(b), 0.2)]);
const intPairs: [T, T][] = [[signed(3, 4), tf.add(integers(4, 4), tf.scalar(1, 'int32'))]];

const cases: Case[] = [
  ...unary('Abs', tf.abs, floats(3, 4), special, signed(5)),
  ...unary('Acos', tf.acos, units(5)),
  ...unary('Acosh', tf.acosh, tf.add(positives(5), 1)),
  ...unary('Asin', tf.asin, units(5)),
  ...unary('Asinh', tf.asinh, floats(5)),
  ...unary('Atan', tf.atan, floats(5)),
  ...unary('Atanh', tf.atanh, units(5)),
  ...unary('Ceil', tf.ceil, floats(5), special),
  ...unary('Cos', tf.cos, floats(5)),
  ...unary('Cosh', tf.cosh, floats(5)),
  ...unary('Elu', tf.elu, floats(5), special),
  ...unary('EluGrad', tf.elu, floats(4, 4)),
  ...unary('Erf', tf.erf, floats(3, 4), special),
  ...unary('Exp', tf.exp, floats(3, 4)),
  ...unary('Expm1', tf.expm1, floats(5), tf.mul(special, 0.1)),
  ...unary('Floor', tf.floor, floats(5), special),
  ...unary('Log', tf.log, positives(3, 4)),
  ...unary('Log1p', tf.log1p, positives(5), tf.abs(special)),
  c('LogicalNot', tf.logicalNot, [bools(6)], true),
  ...unary('Neg', tf.neg, floats(3, 4), signed(4)),
  ...unary('Reciprocal', tf.reciprocal, positives(5)),
  ...unary('Relu', tf.relu, floats(3, 4), special),
  ...unary('Relu6', tf.relu6, tf.mul(floats(3, 4), 5)),
  ...unary('Round', tf.round, special, floats(7)),
  ...unary('Rsqrt', tf.rsqrt, positives(5)),
  ...unary('Selu', tf.selu, floats(5)),
  ...unary('Sigmoid', tf.sigmoid, floats(3, 4), special),
  ...unary('Sign', tf.sign, floats(5), special),
  ...unary('Sin', tf.sin, floats(5)),
  ...unary('Sinh', tf.sinh, floats(5)),
  ...unary('Softplus', tf.softplus, floats(5), special),
  ...unary('Sqrt', tf.sqrt, positives(5)),
  ...unary('Square', tf.square, floats(5), signed(4)),
  ...unary('Step', (x) => tf.step(x, 0.25), special, extremes),
  ...unary('Tan', tf.tan, units(5)),
  ...unary('Tanh', tf.tanh, floats(5), special),
  ...unary('ClipByValue', (x) => tf.clipByValue(x, -0.5, 0.7), floats(3, 4)),
  ...unary('LeakyRelu', (x) => tf.leakyRelu(x, 0.3), floats(5)),
  c('Prelu', tf.prelu, [floats(3, 4), positives(4)]),
  c('IsNan', tf.isNaN, [extremes], true),
  c('IsInf', tf.isInf, [extremes], true),
  c('IsFinite', tf.isFinite, [extremes], true),

  ...binary('Add', tf.add, ...broadcasts, ...intPairs),
  ...binary('Sub', tf.sub, ...broadcasts, ...intPairs),
  ...binary('Multiply', tf.mul, ...broadcasts, ...intPairs),
  ...binary('RealDiv', tf.div, ...positiveBroadcasts),
  ...binaryUnbroadcast('Maximum', tf.maximum, ...broadcasts, ...intPairs),
  ...binaryUnbroadcast('Minimum', tf.minimum, ...broadcasts),
  ...binary('Pow', tf.pow, ...positiveBroadcasts),
  ...binaryUnbroadcast('SquaredDifference', tf.squaredDifference, ...broadcasts),
  ...binary('Mod', tf.mod, ...positiveBroadcasts, [floats(6), tf.scalar(0.7)]),
  c('FloorDiv', tf.floorDiv, intPairs[0]!, true),
  c('FloorDiv', tf.floorDiv, [floats(5), positives(5)], true),
  ...(
    [
      ['Equal', tf.equal],
      ['NotEqual', tf.notEqual],
      ['Greater', tf.greater],
      ['GreaterEqual', tf.greaterEqual],
      ['Less', tf.less],
      ['LessEqual', tf.lessEqual],
    ] as const
  ).flatMap(([kernel, op]) => [c(kernel, op, [signed(3, 4), signed(4)], true), c(kernel, op, [floats(4), floats(2, 4)], true)]),
  c('LogicalAnd', tf.logicalAnd, [bools(3, 4), bools(4)], true),
  c('LogicalOr', tf.logicalOr, [bools(3, 4), bools(4)], true),
  c('LogicalXor', tf.logicalXor, [bools(3, 4), bools(3, 4)], true),
  c('AddN', (a: T, b: T, d: T) => tf.addN([a, b, d]), [floats(3), floats(3), floats(3)]),
  c('Cast', (x: T) => tf.cast(x, 'int32'), [special], true),
  c('Cast', (x: T) => tf.cast(x, 'bool'), [special], true),
  c('Cast', (x: T) => tf.cast(x, 'float32'), [bools(4)], true),
  c('Select', (a: T, b: T) => tf.where(tf.tensor1d([1, 0, 1, 0], 'bool'), a, b), [floats(3, 4), floats(3, 4)]),
  c('Select', (a: T, b: T) => tf.where(tf.greater(a, b), a, b), [floats(3, 4), floats(4)], true),
  c('Identity', (x: T) => tf.clone(x), [floats(3)]),

  ...[undefined, 0, [0, 2], -1].flatMap((axis) => [
    c('Sum', (x: T) => tf.sum(x, axis), [floats(2, 3, 4)]),
    c('Mean', (x: T) => tf.mean(x, axis, true), [floats(2, 3, 4)]),
    c('Max', (x: T) => tf.max(x, axis), [floats(2, 3, 4)]),
    c('Min', (x: T) => tf.min(x, axis, true), [floats(2, 3, 4)]),
  ]),
  c('Sum', (x: T) => tf.sum(x), [signed(3, 4)], true),
  c('Sum', (x: T) => tf.sum(x), [bools(3, 4)], true),
  c('Prod', (x: T) => tf.prod(x, 1), [floats(2, 3)], true),
  c('All', (x: T) => tf.all(x, 1), [bools(4, 3)], true),
  c('Any', (x: T) => tf.any(x, 0, true), [bools(4, 3)], true),
  c('ArgMax', (x: T) => tf.argMax(x, -1), [integers(3, 4, 5)], true),
  c('ArgMin', (x: T) => tf.argMin(x, 0), [floats(4, 5)], true),
  c('Softmax', (x: T) => tf.softmax(x), [floats(3, 4)]),
  c('LogSoftmax', (x: T) => tf.logSoftmax(x), [floats(3, 4)]),
  c('Sum', (x: T) => tf.logSumExp(x, 1), [floats(3, 4)]),
  c('Cumsum', (x: T) => tf.cumsum(x, 1, true, true), [floats(3, 4)]),

  c('Reshape', (x: T) => tf.reshape(x, [4, -1]), [floats(2, 3, 4)]),
  c('ExpandDims', (x: T) => tf.expandDims(x, -1), [floats(2, 3)]),
  c('Transpose', (x: T) => tf.transpose(x, [2, 0, 1]), [floats(2, 3, 4)]),
  c('Transpose', (x: T) => tf.transpose(tf.transpose(x, [2, 0, 1]), [0, 2, 1]), [floats(2, 3, 4)]),
  c('Transpose', (x: T) => tf.transpose(x), [floats(1, 4)]),
  c('BroadcastTo', (x: T) => tf.broadcastTo(x, [2, 3, 4]), [floats(3, 1)]),
  c('Concat', (a: T, b: T) => tf.concat([a, b, a], 1), [floats(2, 3), floats(2, 1)]),
  c('Pack', (a: T, b: T) => tf.stack([a, b], 1), [floats(2, 3), floats(2, 3)]),
  c('Unpack', (x: T) => tf.unstack(x, 1), [floats(2, 3, 4)]),
  c('SplitV', (x: T) => tf.split(x, [1, -1, 2], 1), [floats(2, 6)]),
  c('SplitV', (x: T) => tf.split(x, 3, -1), [floats(2, 6)]),
  c('Slice', (x: T) => tf.slice(x, [1, 0, 2], [1, -1, 2]), [floats(2, 3, 4)]),
  c('Reverse', (x: T) => tf.reverse(x, [0, -1]), [floats(2, 3, 4)]),
  c('Tile', (x: T) => tf.tile(x, [2, 3]), [floats(2, 1)]),
  c('Tile', (x: T) => tf.tile(x, [2, 3]), [floats(2, 2)]),
  c(
    'PadV2',
    (x: T) =>
      tf.pad(
        x,
        [
          [1, 0],
          [0, 2],
        ],
        0.5,
      ),
    [floats(2, 3)],
  ),
  c('ZerosLike', (x: T) => tf.add(x, tf.zerosLike(x)), [floats(2, 3)]),
  c('OnesLike', (x: T) => tf.mul(x, tf.onesLike(x)), [floats(2, 3)]),
  c('Fill', (x: T) => tf.add(x, tf.fill([2, 3], 0.25)), [floats(3)]),
  c('Range', (x: T) => tf.add(x, tf.range(0, 6, 2)), [floats(3)]),
  c('LinSpace', (x: T) => tf.add(x, tf.linspace(0, 1, 3)), [floats(3)]),

  ...[
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ].flatMap(([tA, tB]) => [
    c('BatchMatMul', (a: T, b: T) => tf.matMul(a, b, tA, tB), [floats(...(tA ? [4, 3] : [3, 4])), floats(...(tB ? [5, 4] : [4, 5]))]),
    c('BatchMatMul', (a: T, b: T) => tf.matMul(a, b, tA, tB), [floats(2, ...(tA ? [4, 3] : [3, 4])), floats(2, ...(tB ? [5, 4] : [4, 5]))]),
  ]),
  c('BatchMatMul', (a: T, b: T) => tf.matMul(a, b), [floats(2, 3, 2, 4), floats(2, 3, 4, 5)]),
  c('BatchMatMul', (a: T, b: T, bias: T) => tf.add(tf.matMul(a, b, false, true), bias), [floats(3, 4), floats(5, 4), floats(5)]),
  c('BatchMatMul', (a: T, b: T, bias: T) => tf.add(bias, tf.matMul(a, b)), [floats(2, 3, 4), floats(2, 4, 5), floats(5)]),
  c('_FusedMatMul', (a: T, b: T, bias: T) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation: 'relu' }), [
    floats(3, 4),
    floats(4, 5),
    floats(5),
  ]),

  c('GatherV2', (x: T) => tf.gather(x, tf.tensor1d([2, 0, 2], 'int32')), [floats(3, 4)]),
  c(
    'GatherV2',
    (x: T) =>
      tf.gather(
        x,
        pairs([
          [2, 0],
          [1, 1],
        ]),
        1,
      ),
    [floats(2, 3, 4)],
  ),
  c(
    'GatherV2',
    (x: T) =>
      tf.gather(
        x,
        pairs([
          [2, 0],
          [1, 1],
        ]),
        1,
        1,
      ),
    [floats(2, 3, 4)],
    true,
  ),
  c(
    'GatherNd',
    (x: T) =>
      tf.gatherND(
        x,
        pairs([
          [0, 1],
          [1, 2],
        ]),
      ),
    [floats(2, 3, 4)],
    true,
  ),
  c('ScatterNd', (x: T) => tf.scatterND(pairs([[1], [1], [3]]), x, [5, 2]), [floats(3, 2)], true),
  c('UnsortedSegmentSum', (x: T) => tf.unsortedSegmentSum(x, tf.tensor1d([1, -1, 1, 0], 'int32'), 3), [floats(4, 2)]),
  c('OneHot', () => tf.oneHot(tf.tensor1d([0, 2, -1, 5], 'int32'), 3, 2, -1), [floats(1)], true),
  c('ThreefryUniform', (key: T) => uniform(key as tf.Tensor1D, [3, 5]), [tf.tensor1d([123, -45], 'int32')], true),
];

const closures: (() => Promise<void>)[] = [];
afterAll(async () => {
  for (const dispose of closures) await dispose();
});

/** Equal to rounding: 2e-6 of the largest number, NaN and infinities in the same places. */
function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const finite = Array.from(expected).filter(Number.isFinite).map(Math.abs);
  const tolerance = 2e-6 * Math.max(1e-3, ...finite);
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (Number.isFinite(e)) expect(Math.abs(a - e), `${what}[${i}]: ${a} for ${e}`).toBeLessThanOrEqual(tolerance);
    else expect(a, `${what}[${i}]`).toBe(e);
  }
}

describe('every rule equals tfjs on the cpu', () => {
  it.each(cases.map((one, i): [string, Case] => [`${one.kernel} ${i} ${one.inputs.map(({ dtype, shape }) => `${dtype}[${shape}]`)}`, one]))(
    '%s',
    async (_, { fn, inputs, noGradient }) => {
      const differentiable = !noGradient && inputs.every(({ dtype }) => dtype === 'float32');
      const withGradients = (...xs: tf.Tensor[]) => {
        const value = fn(...xs);
        if (!differentiable) return { value, grads: [] as tf.Tensor[] };
        // A weighting that treats no two elements alike.
        const weigh = (y: tf.Tensor) => tf.sum(tf.mul(y, tf.reshape(tf.add(tf.cos(tf.range(0, y.size)), 0.3), y.shape)));
        const total = (...args: tf.Tensor[]) =>
          [fn(...args)]
            .flat()
            .map(weigh)
            .reduce((a, b) => tf.add(a, b)) as tf.Scalar;
        return { value, grads: tf.grads(total as never)(xs) };
      };
      const eager = withGradients(...inputs);
      const compiled = jit(withGradients);
      closures.push(compiled.dispose);
      const result = await compiled(...inputs);
      const checked = [...[result.value].flat(), ...result.grads].map(
        (array, i) => [array, [...[eager.value].flat(), ...eager.grads][i]!] as const,
      );
      for (const [array, expected] of checked) {
        expect(array.shape).toEqual(expected.shape);
        expect(array.dtype).toBe(expected.dtype);
        expectClose(await array.read(), await expected.data(), 'element');
      }
    },
  );

  it('has a case for every rule', () => {
    expect(Object.keys(rules).filter((kernel) => !cases.some((one) => one.kernel === kernel))).toEqual([]);
  });
});
