import * as tf from '@tensorflow/tfjs-core';
import { type Case, c, floats, type T } from '../case.fixture.js';

const empty = (...shape: number[]) => tf.zeros(shape);

/** Arrays without elements: an empty batch, an empty sum. */
export const emptyCases: Case[] = [
  c('Add', tf.add, [empty(0, 3), floats(3)]),
  c('Exp', tf.exp, [empty(2, 0)]),
  c('Sum', (x: T) => tf.sum(x, 0), [empty(0, 3)]),
  c('Sum', (x: T) => tf.sum(x), [empty(0)]),
  c('Mean', (x: T) => tf.mean(x, 1), [empty(0, 3)]),
  c('Prod', (x: T) => tf.prod(x, 0), [empty(0, 3)], true),
  c('BatchMatMul', (a: T, b: T) => tf.matMul(a, b), [empty(0, 3), floats(3, 2)]),
  c('Softmax', (x: T) => tf.softmax(x), [empty(0, 3)]),
  c('Concat', (a: T, b: T) => tf.concat([a, b], 0), [empty(0, 3), floats(2, 3)]),
  c('Slice', (x: T) => tf.slice(x, [1, 0], [0, 2]), [floats(2, 3)]),
  c('Transpose', (x: T) => tf.transpose(x), [empty(0, 3)]),
  c('Reshape', (x: T) => tf.reshape(x, [3, 0]), [empty(0, 3)]),
  c('GatherV2', (x: T) => tf.gather(x, tf.tensor1d([], 'int32')), [floats(2, 3)]),
  c('StridedSlice', (x: T) => tf.stridedSlice(x, [2], [2], [1]), [floats(4)]),
  c('Select', (a: T) => tf.where(tf.greater(a, 0), a, 0), [empty(0, 2)]),
  c('Cumsum', (x: T) => tf.cumsum(x, 0), [empty(0, 2)]),
];
