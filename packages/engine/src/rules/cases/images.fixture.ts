import * as tf from '@tensorflow/tfjs-core';
import { type Case, c, floats, integers, positives, type T } from '../case.fixture.js';

const images = (x: T) => x as tf.Tensor4D;
const modes: [boolean, boolean][] = [
  [false, false],
  [true, false],
  [false, true],
];

/** Cases of `resize.ts`, `spatial.ts` and `normalization.ts`. */
export const imageCases: Case[] = [
  ...modes.flatMap(([corners, half]) =>
    (
      [
        [7, 4],
        [2, 3],
        [4, 5],
        [1, 1],
      ] as [number, number][]
    ).flatMap((size) => [
      c('ResizeBilinear', (x: T) => tf.image.resizeBilinear(images(x), size, corners, half), [floats(2, 4, 5, 3)]),
      c('ResizeNearestNeighbor', (x: T) => tf.image.resizeNearestNeighbor(images(x), size, corners, half), [floats(2, 4, 5, 3)]),
    ]),
  ),
  c('ResizeNearestNeighbor', (x: T) => tf.image.resizeNearestNeighbor(images(x), [3, 3]), [integers(9, 1, 2, 2, 1)]),
  c(
    'SpaceToBatchND',
    (x: T) =>
      tf.spaceToBatchND(
        x,
        [2, 3],
        [
          [1, 0],
          [0, 1],
        ],
      ),
    [floats(2, 3, 5, 2)],
  ),
  c('SpaceToBatchND', (x: T) => tf.spaceToBatchND(x, [2], [[0, 0]]), [floats(1, 4)]),
  c(
    'BatchToSpaceND',
    (x: T) =>
      tf.batchToSpaceND(
        x,
        [2, 3],
        [
          [1, 0],
          [0, 1],
        ],
      ),
    [floats(12, 2, 2, 3)],
  ),
  c('DepthToSpace', (x: T) => tf.depthToSpace(images(x), 2), [floats(2, 2, 3, 8)]),
  c('MaxPool', (x: T) => tf.pool(images(x), 2, 'max', 'same', 2, 1), [floats(1, 6, 6, 2)]),
  c(
    'MirrorPad',
    (x: T) =>
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [0, 3],
        ],
        'reflect',
      ),
    [floats(3, 4)],
  ),
  c(
    'MirrorPad',
    (x: T) =>
      tf.mirrorPad(
        x,
        [
          [1, 2],
          [0, 4],
          [0, 0],
        ],
        'symmetric',
      ),
    [floats(2, 4, 2)],
  ),
  c('MirrorPad', (x: T) => tf.mirrorPad(x, [[1, 1]], 'symmetric'), [integers(9, 3)]),

  c(
    'FusedBatchNorm',
    (x: T, mean: T, variance: T, offset: T, scale: T) =>
      tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D, offset as tf.Tensor1D, scale as tf.Tensor1D, 0.01),
    [floats(2, 3, 4), floats(4), positives(4), floats(4), floats(4)],
  ),
  c(
    'FusedBatchNorm',
    (x: T, mean: T, variance: T) => tf.batchNorm(x, mean as tf.Tensor1D, variance as tf.Tensor1D),
    [floats(5, 4), floats(4), positives(4)],
    true,
  ), // tfjs's gradient wants a scale
  c('LRN', (x: T) => tf.localResponseNormalization(images(x), 2, 1.5, 0.7, 0.6), [floats(1, 2, 3, 6)]),
  c('LRNGrad', (x: T) => tf.localResponseNormalization(x as tf.Tensor3D, 1), [floats(2, 3, 5)]),
];
