import { barrier, foldInKey, uniform } from '@fsc-clip/core/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { type Case, c, floats, integers, pairs, signed, type T } from '../case.fixture.js';

/** Cases of `indexing.ts`. */
export const indexingCases: Case[] = [
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
  ),
  c('GatherV2', (x: T, at: T) => tf.gather(x, at, 3, 1), [floats(2, 3, 2, 4, 2), integers(4, 2, 2)]),
  c('GatherV2', (x: T, at: T) => tf.gather(x, at, -1, 2), [floats(2, 3, 4), integers(4, 2, 3, 5)]),
  c('GatherV2', (x: T, at: T) => tf.gather(x, at, 2, 2), [floats(2, 3, 4, 2), integers(4, 2, 3)]),
  c('GatherV2', (x: T, at: T) => tf.gather(x, at, 1), [signed(2, 3), integers(3, 4)]),
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
  ),
  c('ScatterNd', (x: T) => tf.scatterND(pairs([[1], [1], [3]]), x, [5, 2]), [floats(3, 2)]),
  c('UnsortedSegmentSum', (x: T) => tf.unsortedSegmentSum(x, tf.tensor1d([1, -1, 1, 0], 'int32'), 3), [floats(4, 2)]),
  // most segments are empty
  c('UnsortedSegmentSum', (x: T) => tf.unsortedSegmentSum(x, tf.tensor1d([20, -1, 3, 20, 0], 'int32'), 40), [floats(5, 2, 3)]),
  c('UnsortedSegmentSum', (x: T) => tf.unsortedSegmentSum(x, tf.tensor1d([7, 7], 'int32'), 9), [floats(2)]),
  c('OneHot', () => tf.oneHot(tf.tensor1d([0, 2, -1, 5], 'int32'), 3, 2, -1), [floats(1)], true),
  c('Barrier', (x: T, y: T) => tf.mul(barrier(x, tf.sin(y)), tf.sum(y)), [floats(2, 3), floats(4)]),
  c('Barrier', (x: T, y: T) => tf.mul(barrier(tf.sum(x), tf.sin(y)), y), [floats(2, 3), floats(1)]),
  c('ThreefryUniform', (key: T) => uniform(key as tf.Tensor1D, [3, 5]), [tf.tensor1d([123, -45], 'int32')], true),
  c('ThreefryFoldIn', (key: T) => foldInKey(key as tf.Tensor1D, 'dropout', 2 ** 33 + 5), [tf.tensor1d([123, -45], 'int32')], true),
];
