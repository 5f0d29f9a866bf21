import * as tf from '@tensorflow/tfjs-core';
import { bools, type Case, c, floats, integers, type T } from '../case.fixture.js';

/** Cases of `shapes.ts`. */
export const shapeCases: Case[] = [
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
  c('StridedSlice', (x: T) => tf.stridedSlice(x, [0, 1], [3, 6], [2, 2]), [floats(3, 7)]),
  c('StridedSlice', (x: T) => tf.stridedSlice(x, [4, 5], [0, 0], [-2, -3], 0, 2), [floats(5, 6)]),
  c('StridedSlice', (x: T) => tf.stridedSlice(x, [1, 0, 1], [2, 0, 3], [1, 1, 1], 0, 0, 2, 0, 1), [floats(3, 2, 4)]),
  c('StridedSlice', (x: T) => tf.stridedSlice(x, [0, 1], [1, 3], [1, 1], 0, 0, 0, 1), [integers(9, 4, 2)]),
  c('Slice', (x: T) => tf.slice(x, [1], [2]), [bools(4, 2)]),
  c('Concat', (a: T, b: T) => tf.concat([a, b]), [integers(9, 2), integers(9, 3)]),
  c('Tile', (x: T) => tf.tile(x, [2, 1]), [bools(2, 2)]),
  c('Tile', (x: T) => tf.tile(x, [2, 1, 3, 1, 2]), [floats(2, 1, 2, 1, 2)]),
  c('Transpose', (x: T) => tf.linalg.bandPart(x, 1, 0), [floats(4, 4)]),
  c('Slice', (x: T) => tf.slice(x, [1, 0, 2], [1, -1, 2]), [floats(2, 3, 4)]),
  c('Reverse', (x: T) => tf.reverse(x, [0, -1]), [floats(2, 3, 4)]),
  c('Reverse', (x: T) => tf.reverse(x), [floats(2, 3)]), // along all axes
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
];
