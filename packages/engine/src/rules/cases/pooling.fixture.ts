import * as tf from '@tensorflow/tfjs-core';
import { type Case, c, floats, integers, type T } from '../case.fixture.js';

type Pad = 'valid' | 'same' | number;
const layouts: [number, number, Pad][] = [
  [2, 2, 'valid'],
  [3, 2, 'same'],
  [3, 1, 'same'],
  [3, 2, 1],
];
const ties = () => tf.cast(integers(3, 2, 5, 6, 3), 'float32');

/** Cases of `pooling.ts`. */
export const poolingCases: Case[] = [
  ...layouts.flatMap(([size, strides, pad]) => [
    c('MaxPool', (x: T) => tf.maxPool(x as tf.Tensor4D, size, strides, pad), [floats(2, 5, 6, 3)]),
    c('MaxPoolGrad', (x: T) => tf.maxPool(x as tf.Tensor4D, size, strides, pad), [ties()]),
    c('AvgPool', (x: T) => tf.avgPool(x as tf.Tensor4D, size, strides, pad), [floats(2, 5, 6, 3)]),
    c('AvgPoolGrad', (x: T) => tf.avgPool(x as tf.Tensor4D, [size, 1], strides, pad === 1 ? 'same' : pad), [floats(2, 6, 5, 2)]),
  ]),
  c('MaxPool', (x: T) => tf.maxPool(x as tf.Tensor4D, 2, 2, 0, 'ceil'), [floats(1, 5, 5, 2)], true),
  c('AvgPool', (x: T) => tf.avgPool(x as tf.Tensor4D, 1, 1, 'valid'), [floats(1, 3, 3, 2)]),
  ...(['valid', 'same'] as const).flatMap((pad) => [
    c('MaxPool3D', (x: T) => tf.maxPool3d(x as tf.Tensor5D, 2, 2, pad), [floats(1, 3, 4, 5, 2)]),
    c('MaxPool3DGrad', (x: T) => tf.maxPool3d(x as tf.Tensor5D, 3, 1, pad), [floats(1, 3, 4, 4, 2)]),
    c('AvgPool3D', (x: T) => tf.avgPool3d(x as tf.Tensor5D, 2, 2, pad), [floats(1, 3, 4, 5, 2)]),
    c('AvgPool3DGrad', (x: T) => tf.avgPool3d(x as tf.Tensor5D, 3, 1, pad), [floats(1, 3, 4, 4, 2)]),
  ]),
];
