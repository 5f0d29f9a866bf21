import * as tf from '@tensorflow/tfjs-core';
import { bools, type Case, c, floats, integers, pairs, signed, type T } from '../case.fixture.js';

const ints = (...numbers: number[]) => tf.tensor1d(numbers, 'int32');

/** Cases of `selection.ts` and `einsum.ts`. */
export const selectionCases: Case[] = [
  c('TopK', (x: T) => Object.values(tf.topk(x, 3)), [floats(2, 3, 5)]),
  c('TopK', (x: T) => Object.values(tf.topk(x, 4)), [tf.cast(integers(3, 2, 6), 'float32')]), // ties
  c('TopK', (x: T) => Object.values(tf.topk(x)), [signed(7)]),
  ...(['left', 'right'] as const).map((side) =>
    c(
      'SearchSorted',
      (sorted: T, values: T) => tf.searchSorted(sorted, values, side),
      [
        tf.tensor2d([
          [-1, 0, 0, 2],
          [0, 1, 2, 3],
        ]),
        tf.tensor2d([
          [-2, 0, 3],
          [0, 2.5, -1],
        ]),
      ],
      true,
    ),
  ),
  c('Bincount', (x: T, w: T) => tf.bincount(x as tf.Tensor1D, w as tf.Tensor1D, 4), [integers(6, 8), floats(8)], true),
  c('Bincount', (x: T) => tf.bincount(x as tf.Tensor1D, tf.tensor1d([], 'int32'), 4), [integers(6, 8)]),
  c('DenseBincount', (x: T, w: T) => tf.denseBincount(x as tf.Tensor2D, w as tf.Tensor2D, 4), [integers(6, 2, 5), floats(2, 5)], true),
  c('DenseBincount', (x: T) => tf.denseBincount(x as tf.Tensor2D, tf.tensor2d([], [0, 0], 'int32'), 4, true), [integers(6, 2, 5)]),
  c('TensorScatterUpdate', (x: T, updates: T) => tf.tensorScatterUpdate(x, pairs([[3], [0]]), updates), [floats(4, 3), floats(2, 3)]),
  c('TensorScatterUpdate', (x: T, updates: T) => tf.tensorScatterUpdate(x, pairs([[1, 2]]), updates), [integers(9, 2, 3), integers(9, 1)]),
  c(
    'SparseToDense',
    (values: T, rest: T) =>
      tf.sparseToDense(
        pairs([
          [0, 1],
          [1, 2],
        ]),
        values,
        [2, 3],
        rest as tf.Scalar,
      ),
    [floats(2), floats()],
    true,
  ),
  c('SparseToDense', (values: T) => tf.sparseToDense(ints(1, 3), values, [5]), [integers(9, 2)]),
  c('Diag', (x: T) => tf.diag(x), [floats(2, 3)]),
  c('Diag', (x: T) => tf.diag(x), [bools(4)]),

  ...(
    [
      ['ab,bc->ac', [2, 3], [3, 4]],
      ['bqhd,bkhd->bhqk', [2, 3, 2, 4], [2, 5, 2, 4]],
      ['ab,ab->', [2, 3], [2, 3]],
      ['ab,c->abc', [2, 3], [2]],
      ['abc,bd->ad', [2, 3, 4], [3, 2]], // c is summed alone
    ] as [string, number[], number[]][]
  ).map(([equation, a, b]) => c('Einsum', (x: T, y: T) => tf.einsum(equation, x, y), [floats(...a), floats(...b)])),
  c('Einsum', (x: T) => tf.einsum('abc->ca', x), [floats(2, 3, 4)]),
  c('Einsum', (x: T) => tf.einsum('ab->', x), [floats(2, 3)]),
];
