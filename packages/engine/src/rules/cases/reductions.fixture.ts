import * as tf from '@tensorflow/tfjs-core';
import { bools, type Case, c, floats, integers, signed, type T } from '../case.fixture.js';

/** Cases of `reductions.ts`. */
export const reductionCases: Case[] = [
  ...[undefined, 0, [0, 2], -1].flatMap((axis) => [
    c('Sum', (x: T) => tf.sum(x, axis), [floats(2, 3, 4)]),
    c('Mean', (x: T) => tf.mean(x, axis, true), [floats(2, 3, 4)]),
    c('Max', (x: T) => tf.max(x, axis), [floats(2, 3, 4)]),
    c('Min', (x: T) => tf.min(x, axis, true), [floats(2, 3, 4)]),
  ]),
  c('Sum', (x: T) => tf.sum(x), [signed(3, 4)], true),
  c('Sum', (x: T) => tf.sum(x), [bools(3, 4)], true),
  c('Prod', (x: T) => tf.prod(x, 1), [floats(2, 3)]),
  c('Max', (x: T) => tf.max(x, 1), [integers(9, 3, 4)]),
  c('Prod', (x: T) => tf.prod(x), [integers(4, 5)]),
  c('All', (x: T) => tf.all(x, 1), [bools(4, 3)], true),
  c('Any', (x: T) => tf.any(x, 0, true), [bools(4, 3)], true),
  c('ArgMax', (x: T) => tf.argMax(x, -1), [integers(3, 4, 5)], true),
  c('ArgMin', (x: T) => tf.argMin(x, 0), [floats(4, 5)], true),
  c('Softmax', (x: T) => tf.softmax(x), [floats(3, 4)]),
  c('LogSoftmax', (x: T) => tf.logSoftmax(x), [floats(3, 4)]),
  c('Sum', (x: T) => tf.logSumExp(x, 1), [floats(3, 4)]),
  ...[0, 2, 4, 6].flatMap((flags) => [
    c('Cumprod', (x: T) => tf.cumprod(x, flags % 4 === 0 ? 1 : 0, (flags & 2) > 0, (flags & 4) > 0), [floats(5, 6)]),
  ]),
  c('Cumprod', (x: T) => tf.cumprod(x, 1), [
    tf.tensor2d([
      [2, 0, 3, 0, 1],
      [1, 2, 3, 4, 5],
    ]),
  ]),
  c('Cumprod', (x: T) => tf.cumprod(x, 0), [integers(4, 5)]),
  c('Cumsum', (x: T) => tf.cumsum(x, 1), [floats(2, 3, 3)]),
  c('Cumsum', (x: T) => tf.cumsum(x, 0), [integers(9, 5)]),
  c('Cumsum', (x: T) => tf.cumsum(x, 1, true, true), [floats(3, 4)]),
];
