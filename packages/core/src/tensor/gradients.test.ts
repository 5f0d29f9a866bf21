import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { registerGradients } from './gradients.js';

// What core gives tfjs, and what it repairs, against central differences: exact where functions are linear.

registerGradients();

// No two numbers nearer than 0.05: a step of the differences crosses no kink.
let drawn = 0;
const floats = (...shape: number[]) =>
  tf.tensor(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => ((drawn++ * 37) % 101) / 20 - 2.51),
    shape,
  );
const ints = (...numbers: number[]) => tf.tensor1d(numbers, 'int32');
const rows = (...numbers: number[][]) => tf.tensor2d(numbers, undefined, 'int32');
const image = (x: T) => x as tf.Tensor4D;

type T = tf.Tensor;
const cases: [string, (...inputs: T[]) => T, ...T[]][] = [
  ['where(greater)', (a, b) => tf.where(tf.greater(a!, b!), tf.mul(a!, 2), b!), floats(3, 4), floats(4)],
  ['logic', (a) => tf.where(tf.logicalNot(tf.logicalAnd(tf.less(a!, 9), tf.notEqual(a!, 7))), a!, tf.mul(a!, 3)), floats(5)],
  ['topk', (x) => tf.topk(x!, 2).values, floats(3, 5)],
  ['einsum of two', (a, b) => tf.einsum('abc,bd->ad', a!, b!), floats(2, 3, 4), floats(3, 2)],
  ['einsum to a scalar', (a, b) => tf.einsum('ab,b->', a!, b!), floats(2, 3), floats(3)],
  ['einsum of one', (a) => tf.einsum('abc->ca', a!), floats(2, 3, 2)],
  ...[0, 1, 2, 3].map((flags): (typeof cases)[number] => [
    `cumprod ${flags}`,
    (x) => tf.cumprod(x!, 1, flags % 2 > 0, flags > 1),
    floats(2, 4, 3),
  ]),
  ['cumprod of a zero', (x) => tf.cumprod(x!), tf.tensor1d([2, 0, 3, 4])],
  ['gatherND', (x) => tf.gatherND(x!, rows([0, 1], [1, 2], [0, 1])), floats(2, 3, 2)],
  ['scatterND', (x) => tf.scatterND(rows([1], [1], [3]), x!, [5, 2]), floats(3, 2)],
  ['tensorScatterUpdate', (x, u) => tf.tensorScatterUpdate(tf.mul(x!, 1), rows([3], [0]), u!), floats(4, 3), floats(2, 3)],
  ['stridedSlice', (x) => tf.stridedSlice(x!, [0, 1], [3, 6], [2, 2]), floats(3, 7)],
  ['stridedSlice backwards', (x) => tf.stridedSlice(x!, [4, 5], [0, 0], [-2, -3], 0, 2), floats(5, 6)],
  ['stridedSlice to a smaller rank', (x) => tf.stridedSlice(x!, [1, 1], [2, 3], [1, 1], 0, 0, 0, 0, 1), floats(3, 4)],
  ['diag', (x) => tf.diag(x!), floats(2, 2)],
  ['depthToSpace', (x) => tf.depthToSpace(image(x!), 2), floats(1, 2, 1, 8)],
  ['maximum', (a, b) => tf.maximum(a!, b!), floats(3, 4), floats(4)],
  ['minimum', (a, b) => tf.minimum(a!, b!), floats(2, 1, 4), floats(3, 1)],
  ['squaredDifference', (a, b) => tf.squaredDifference(a!, b!), floats(), floats(2, 3)],
  ['gather with one batch axis', (x) => tf.gather(x!, rows([2, 0], [1, 1]), 2, 1), floats(2, 2, 3, 2)],
  ['gather with two', (x) => tf.gather(x!, tf.reshape(ints(1, 0, 1, 1), [2, 2, 1]), -1, 2), floats(2, 2, 3)],
  ['gather what topk found', (x) => tf.gather(tf.square(x!), tf.topk(x!, 4).indices), floats(6)],
  ['sums by argMax', (x) => tf.unsortedSegmentSum(x!, tf.argMax(x!, 1) as tf.Tensor1D, 4), floats(3, 4)],
  ['one-hot of argMax', (x) => tf.mul(x!, tf.oneHot(tf.argMax(x!, 1), 4)), floats(3, 4)],
  [
    'mirrorPad reflect',
    (x) =>
      tf.mirrorPad(
        x!,
        [
          [1, 2],
          [0, 3],
        ],
        'reflect',
      ),
    floats(3, 4),
  ],
  ['mirrorPad symmetric', (x) => tf.mirrorPad(x!, [[2, 3]], 'symmetric'), floats(3)],
  ['avgPool same', (x) => tf.avgPool(image(x!), 3, 2, 'same'), floats(1, 4, 5, 2)],
  ['avgPool padded', (x) => tf.avgPool(image(x!), [3, 2], 1, 1), floats(1, 3, 3, 1)],
  ['avgPool3d same', (x) => tf.avgPool3d(x as tf.Tensor5D, 2, 2, 'same'), floats(1, 3, 2, 3, 1)],
  ...[
    [false, false],
    [true, false],
    [false, true],
  ].flatMap(([corners, half]): (typeof cases)[number][] => [
    [`resizeBilinear ${corners} ${half}`, (x) => tf.image.resizeBilinear(image(x!), [5, 2], corners, half), floats(1, 3, 4, 2)],
    [
      `resizeNearestNeighbor ${corners} ${half}`,
      (x) => tf.image.resizeNearestNeighbor(image(x!), [5, 2], corners, half),
      floats(1, 3, 4, 2),
    ],
  ]),
  ['cumsum along the first axis', (x) => tf.cumsum(x!, 0, true), floats(3, 3)],
  ['tile of rank 5', (x) => tf.tile(x!, [2, 1, 3, 1, 2]), floats(2, 1, 2, 1, 2)],
  ['split into one', (x) => tf.split(x!, 1)[0]!, floats(2, 2)],
  ['unstack of one', (x) => tf.unstack(x!)[0]!, floats(1, 3)],
];

const weigh = (y: T) => tf.sum(tf.mul(y, tf.reshape(tf.add(tf.cos(tf.range(0, y.size)), 0.3), y.shape))) as tf.Scalar;
const step = 2e-2;

function byDifferences(f: (...inputs: T[]) => T, inputs: T[], which: number): number[] {
  const data = inputs[which]!.dataSync();
  const at = (i: number, by: number) => {
    const moved = Float32Array.from(data);
    moved[i]! += by;
    const changed = inputs.map((input, j) => (j === which ? tf.tensor(moved, input.shape) : input));
    return tf.tidy(() => weigh(f(...changed)).dataSync()[0]!);
  };
  return Array.from(data, (_, i) => (at(i, step) - at(i, -step)) / (2 * step));
}

describe('registerGradients', () => {
  it.each(cases)('%s', (_, f, ...inputs) => {
    const grads = tf.grads((...args: T[]) => weigh(f(...args)))(inputs);
    grads.forEach((grad, i) => {
      expect(grad.shape).toEqual(inputs[i]!.shape);
      const [exact, differences] = [grad.dataSync(), byDifferences(f, inputs, i)];
      for (let j = 0; j < exact.length; j++)
        expect(Math.abs(exact[j]! - differences[j]!)).toBeLessThanOrEqual(2e-3 * (1 + Math.abs(exact[j]!)));
    });
  });

  it('refuses what tfjs has a gradient of another size for', () => {
    const pooled = (x: T) => weigh(tf.maxPool(image(x), 2, 2, 0, 'ceil'));
    expect(() => tf.grad(pooled)(floats(1, 5, 5, 1))).toThrow("MaxPool: `dimRoundingMode` must be 'floor'");
  });
});
