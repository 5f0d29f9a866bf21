import * as tf from '@tensorflow/tfjs-core';
import { type Case, c, floats, type T } from '../case.fixture.js';

type Pad = 'valid' | 'same' | number | [[number, number], [number, number], [number, number], [number, number]];

const layouts: { size: [number, number]; kernel: [number, number]; strides: [number, number]; pad: Pad }[] = [
  { size: [5, 6], kernel: [3, 3], strides: [1, 1], pad: 'same' },
  { size: [5, 6], kernel: [3, 2], strides: [2, 2], pad: 'valid' }, // the last row is read by no window
  { size: [6, 5], kernel: [2, 3], strides: [2, 1], pad: 'same' },
  { size: [4, 6], kernel: [2, 2], strides: [2, 2], pad: 'valid' }, // patches
  { size: [5, 5], kernel: [1, 1], strides: [2, 2], pad: 'valid' },
  { size: [4, 4], kernel: [3, 3], strides: [1, 1], pad: 1 },
  {
    size: [4, 5],
    kernel: [3, 3],
    strides: [2, 1],
    pad: [
      [0, 0],
      [1, 0],
      [0, 2],
      [0, 0],
    ],
  },
];

const images = (x: T) => x as tf.Tensor4D;

/** Cases of `convolution.ts`. */
export const convolutionCases: Case[] = [
  ...layouts.flatMap(({ size, kernel, strides, pad }) => [
    ...(['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'] as const)
      .slice(0, pad === 'same' ? 3 : 1)
      .map((name) =>
        c(name, (x: T, w: T) => tf.conv2d(images(x), images(w), strides, pad as 'same'), [floats(2, ...size, 3), floats(...kernel, 3, 4)]),
      ),
    ...(['DepthwiseConv2dNative', 'DepthwiseConv2dNativeBackpropInput', 'DepthwiseConv2dNativeBackpropFilter'] as const)
      .slice(0, pad === 'same' ? 3 : 1)
      .map((name) =>
        c(
          name,
          (x: T, w: T) => tf.depthwiseConv2d(images(x), images(w), strides, pad as 'same'),
          [floats(2, ...size, 3), floats(...kernel, 3, 2)],
          strides[0] !== strides[1], // tfjs's kernels know one stride only
        ),
      ),
  ]),
  c('Conv2D', (x: T, w: T) => tf.conv2d(images(x), images(w), 1, 'same', 'NHWC', 2), [floats(1, 6, 6, 2), floats(3, 3, 2, 2)], true),
  c('Conv2D', (x: T, w: T) => tf.conv2d(images(x), images(w), 2, 'same', 'NCHW'), [floats(2, 2, 5, 4), floats(3, 3, 2, 3)]),
  c('Conv2D', (x: T, w: T) => tf.conv1d(x as tf.Tensor3D, w as tf.Tensor3D, 2, 'same'), [floats(2, 7, 3), floats(3, 3, 2)]),
  c('Conv2DBackpropInput', (y: T, w: T) => tf.conv2dTranspose(images(y), images(w), [2, 7, 6, 2], 2, 'same'), [
    floats(2, 4, 3, 3),
    floats(3, 3, 2, 3),
  ]),
  c('FusedConv2D', (x: T, filter: T, bias: T) => tf.fused.conv2d({ x: images(x), filter: images(filter), strides: 1, pad: 'same', bias }), [
    floats(2, 4, 4, 3),
    floats(3, 3, 3, 2),
    floats(2),
  ]),
  ...(['relu', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const).map((activation) =>
    c(
      'FusedConv2D',
      (x: T, filter: T, bias: T) =>
        tf.fused.conv2d({ x: images(x), filter: images(filter), strides: 2, pad: 'same', bias, activation, leakyreluAlpha: 0.3 }),
      [floats(2, 4, 4, 3), floats(3, 3, 3, 2), floats(2)],
      activation === 'elu' || activation === 'sigmoid' || activation === 'leakyrelu', // tfjs has no gradient of these
    ),
  ),
  c(
    'FusedConv2D',
    (x: T, filter: T, preluActivationWeights: T) =>
      tf.fused.conv2d({ x: images(x), filter: images(filter), strides: 1, pad: 'valid', activation: 'prelu', preluActivationWeights }),
    [floats(1, 4, 4, 3), floats(3, 3, 3, 2), floats(2)],
    true,
  ),
  c(
    'FusedDepthwiseConv2D',
    (x: T, filter: T, bias: T) =>
      tf.fused.depthwiseConv2d({ x: images(x), filter: images(filter), strides: 1, pad: 'same', bias, activation: 'relu6' }),
    [floats(2, 4, 4, 3), floats(3, 3, 3, 2), floats(6)],
  ),
  ...(['Conv3D', 'Conv3DBackpropInputV2', 'Conv3DBackpropFilterV2'] as const).map((name, i) =>
    c(name, (x: T, w: T) => tf.conv3d(x as tf.Tensor5D, w as tf.Tensor5D, 1 + (i % 2), i === 0 ? 'valid' : 'same'), [
      floats(2, 3, 4, 5, 2),
      floats(2, 3, 2, 2, 3),
    ]),
  ),
];
