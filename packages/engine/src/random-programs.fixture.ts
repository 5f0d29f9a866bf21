import * as tf from '@tensorflow/tfjs-core';
import * as fc from 'fast-check';

type T = tf.Tensor;

/** Numbers that an operation may take its choices from; each uses what it needs. */
interface Choice {
  readonly axis: number;
  readonly n: number;
}

type Operation = (a: T, b: T, choice: Choice) => T;

const axisOf = (x: T, { axis }: Choice) => (x.rank === 0 ? 0 : axis % x.rank);
const tamed = (x: T) => tf.tanh(tf.mul(x, 0.5)); // products of products of … would leave the range of float32
const list = (x: T) => (x.rank === 0 ? tf.reshape(x, [1]) : x);
const matrix = (x: T) => tf.reshape(x, [-1, x.shape.at(-1) ?? 1]);
const image = (x: T) => tf.reshape(matrix(x), [1, -1, x.shape.at(-1) ?? 1, 1]) as tf.Tensor4D;
const kernel = (height: number, width: number) => tf.reshape(tf.sin(tf.range(1, height * width + 1)), [height, width, 1, 1]) as tf.Tensor4D;
const positive = (x: T) => tf.add(tf.abs(x), 0.5);
/** `b`, or where its shape does not broadcast with that of `a`, its mean. */
const beside = (a: T, b: T) => {
  const agree = a.shape.every((_, i) => {
    const [left, right] = [a.shape.at(-1 - i) ?? 1, b.shape.at(-1 - i) ?? 1];
    return left === right || left === 1 || right === 1;
  });
  return agree ? b : tf.mean(b);
};
const both =
  (op: (a: T, b: T) => T): Operation =>
  (a, b) =>
    op(a, beside(a, b));
const one =
  (op: (x: T) => T): Operation =>
  (a) =>
    op(a);
const along =
  (op: (x: T, axis: number, flag: boolean, choice: Choice) => T): Operation =>
  (a, _, choice) =>
    op(list(a), axisOf(list(a), choice), choice.n % 2 === 1, choice);

/** What a random program is made of: total functions, whatever the shapes. */
const operations: Readonly<Record<string, Operation>> = {
  tanh: one(tf.tanh),
  sigmoid: one(tf.sigmoid),
  sin: one(tf.sin),
  softplus: one(tf.softplus),
  elu: one(tf.elu),
  relu: one(tf.relu),
  leakyRelu: one((x) => tf.leakyRelu(x, 0.3)),
  abs: one(tf.abs),
  erf: one(tf.erf),
  square: one((x) => tamed(tf.square(x))),
  expOfNegative: one((x) => tf.exp(tf.neg(tf.abs(x)))),
  log1p: one((x) => tf.log1p(tf.abs(x))),
  sqrt: one((x) => tf.sqrt(positive(x))),
  rsqrt: one((x) => tf.rsqrt(positive(x))),
  clip: one((x) => tf.clipByValue(x, -0.7, 0.9)),

  add: both(tf.add),
  sub: both(tf.sub),
  mul: both((a, b) => tamed(tf.mul(a, b))),
  div: both((a, b) => tf.div(a, positive(b))),
  maximum: both(tf.maximum),
  minimum: both(tf.minimum),
  squaredDifference: both((a, b) => tamed(tf.squaredDifference(a, b))),
  atan2: both((a, b) => tf.atan2(a, positive(b))),
  where: both((a, b) => tf.where(tf.greater(a, b), a, tf.mul(b, 0.5))),
  pow: both((a, b) => tf.pow(positive(a), tf.tanh(b))),

  sum: along((x, axis, keep) => tamed(tf.sum(x, axis, keep))),
  mean: along((x, axis, keep) => tf.mean(x, axis, keep)),
  max: along((x, axis, keep) => tf.max(x, axis, keep)),
  min: along((x, axis, keep) => tf.min(x, axis, keep)),
  prod: along((x, axis) => tamed(tf.prod(x, axis))),
  logSumExp: along((x, axis, keep) => tf.logSumExp(x, axis, keep)),
  softmax: one((x) => tf.softmax(list(x))),
  logSoftmax: one((x) => tf.logSoftmax(list(x))),
  cumsum: along((x, axis, flag, { n }) => tamed(tf.cumsum(x, axis, flag, n > 3))),
  cumprod: along((x, axis, flag, { n }) => tamed(tf.cumprod(x, axis, flag, n > 3))),
  moments: along((x, axis) => tf.sqrt(tf.add(tf.moments(x, axis).variance, 0.1))),

  matMul: (a, b) => (a.shape.at(-1) === b.shape.at(-1) ? tamed(tf.matMul(matrix(a), matrix(b), false, true)) : tf.add(a, tf.mean(b))),
  gram: one((x) => tamed(tf.matMul(matrix(x), matrix(x), true, false))),
  outer: (a, b) => tf.einsum('i,j->ij', tf.reshape(a, [-1]), tf.reshape(b, [-1])),
  einsum: one((x) => tamed(tf.einsum('ij,kj->ki', matrix(x), matrix(x)))),

  transpose: one((x) => tf.transpose(x)),
  flatten: one((x) => tf.reshape(x, [-1])),
  expandDims: along((x, axis) => tf.expandDims(x, axis)),
  reverse: along((x, axis) => tf.reverse(x, axis)),
  tile: along((x, axis, _, { n }) =>
    tf.tile(
      x,
      x.shape.map((_, i) => (i === axis ? 1 + (n % 3) : 1)),
    ),
  ),
  concat: along((x, axis) => tf.concat([x, tf.mul(x, -0.5), x], axis)),
  stack: both((a, b) => tf.stack([a, tf.mul(tf.add(a, tf.mean(b)), 0.5)])),
  unstack: along((x, axis, _, { n }) => tf.unstack(x, axis)[n % x.shape[axis]!]!),
  slice: along((x, axis, _, { n }) => {
    const begin = n % x.shape[axis]!;
    return tf.slice(
      x,
      x.shape.map((_, i) => (i === axis ? begin : 0)),
      x.shape.map((size, i) => (i === axis ? size - begin : size)),
    );
  }),
  stridedSlice: along((x, axis, flag) => {
    const at = (there: number, elsewhere: number[]) => elsewhere.map((value, i) => (i === axis ? there : value));
    const zeros = x.shape.map(() => 0);
    return flag
      ? tf.stridedSlice(
          x,
          at(x.shape[axis]! - 1, zeros),
          x.shape,
          at(
            -2,
            zeros.map(() => 1),
          ),
          0,
          1 << axis,
        )
      : tf.stridedSlice(
          x,
          zeros,
          x.shape,
          at(
            2,
            zeros.map(() => 1),
          ),
        );
  }),
  pad: along((x, axis, _, { n }) =>
    tf.pad(
      x,
      x.shape.map((_, i): [number, number] => (i === axis ? [n % 2, 1] : [0, 0])),
      0.3,
    ),
  ),
  mirrorPad: along((x, axis) =>
    tf.mirrorPad(
      x,
      x.shape.map((_, i): [number, number] => (i === axis ? [1, 1] : [0, 0])),
      'symmetric',
    ),
  ),
  gather: along((x, axis, _, { n }) =>
    tf.gather(
      x,
      tf.tensor1d(
        [n, 0, n + 1, n].map((i) => i % x.shape[axis]!),
        'int32',
      ),
      axis,
    ),
  ),
  gatherND: one((x) => tf.gatherND(list(x), tf.tensor2d([[list(x).shape[0]! - 1], [0]], undefined, 'int32'))),
  scatter: one((x) =>
    tf.scatterND(
      tf.tensor2d(
        Array.from({ length: list(x).shape[0]! }, (_, i) => [i % 2]),
        undefined,
        'int32',
      ),
      list(x),
      [3, ...list(x).shape.slice(1)],
    ),
  ),
  segmentSum: one((x) =>
    tf.unsortedSegmentSum(
      list(x),
      tf.tensor1d(
        Array.from({ length: list(x).shape[0]! }, (_, i) => (i * 2) % 3),
        'int32',
      ),
      3,
    ),
  ),
  topk: one((x) => tf.topk(list(x), Math.min(2, list(x).shape.at(-1)!)).values),
  oneHot: along((x, _axis, _flag, { n }) => {
    const depth = Math.max(2, x.shape.at(-1)!);
    return tf.mul(x, tf.oneHot(tf.scalar(n % depth, 'int32'), depth, 1.5, 0.5, 'float32'));
  }),

  conv2d: one((x) => tamed(tf.conv2d(image(x), kernel(2, 2), 1, 'same'))),
  conv2dStrided: one((x) => tamed(tf.conv2d(image(x), kernel(3, 2), 2, 'same'))),
  maxPool: one((x) => tf.maxPool(image(x), 2, 1, 'same')),
  avgPool: one((x) => tf.avgPool(image(x), [2, 3], 2, 'same')),
  resize: one((x) => tf.image.resizeBilinear(image(x), [3, 2], false, true)),
  detach: both((a, b) => tf.mul(a, tf.cast(tf.less(beside(a, b), 0.25), 'float32'))),
};

/** One line of a program: an operation on two of the values before it. */
interface Step extends Choice {
  readonly op: string;
  readonly a: number;
  readonly b: number;
}

/** A random directed graph of operations. */
export type RandomProgram = readonly Step[];

const step: fc.Arbitrary<Step> = fc.record({
  op: fc.constantFrom(...Object.keys(operations)),
  a: fc.nat(7),
  b: fc.nat(7),
  axis: fc.nat(3),
  n: fc.nat(6),
});

export const randomProgram: fc.Arbitrary<RandomProgram> = fc.array(step, { minLength: 1, maxLength: 8, size: 'max' });

/** At most 64 elements and 4 axes: means take the rest. */
function small(x: T): T {
  let result = x;
  while (result.size > 64 || result.rank > 4) result = tf.mean(result, 0);
  return result;
}

/** The values of a program's lines, from its inputs on. */
export function evaluate(program: RandomProgram, inputs: readonly T[]): T[] {
  const values = [...inputs];
  for (const { op, a, b, ...choice } of program) {
    const pick = (from: number) => values[values.length - 1 - (from % values.length)]!; // late ones first: programs are deep
    values.push(small(operations[op]!(pick(a), pick(b), choice)));
  }
  return values.slice(inputs.length);
}

/** The values, and the gradients in all inputs of a sum that weighs no two elements alike. */
export function evaluateWithGradients(program: RandomProgram, inputs: readonly T[]): T[] {
  const weigh = (x: T) => tf.sum(tf.mul(x, tf.reshape(tf.add(tf.cos(tf.range(0, x.size)), 0.3), x.shape)));
  const total = (...xs: T[]) => [...xs, ...evaluate(program, xs)].map(weigh).reduce((a, b) => tf.add(a, b)) as tf.Scalar;
  return [...evaluate(program, inputs), ...tf.grads(total as never)([...inputs])];
}
