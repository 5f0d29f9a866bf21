import * as tf from '@tensorflow/tfjs-core';
import { type Case, c, floats, type T } from '../case.fixture.js';

/** Cases of `matmul.ts`. */
export const matMulCases: Case[] = [
  ...[
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ].flatMap(([tA, tB]) => [
    c('BatchMatMul', (a: T, b: T) => tf.matMul(a, b, tA, tB), [floats(...(tA ? [4, 3] : [3, 4])), floats(...(tB ? [5, 4] : [4, 5]))]),
    c('BatchMatMul', (a: T, b: T) => tf.matMul(a, b, tA, tB), [floats(2, ...(tA ? [4, 3] : [3, 4])), floats(2, ...(tB ? [5, 4] : [4, 5]))]),
  ]),
  c('BatchMatMul', (a: T, b: T) => tf.matMul(a, b), [floats(2, 3, 2, 4), floats(2, 3, 4, 5)]),
  c('BatchMatMul', (a: T, b: T, bias: T) => tf.add(tf.matMul(a, b, false, true), bias), [floats(3, 4), floats(5, 4), floats(5)]),
  c('BatchMatMul', (a: T, b: T, bias: T) => tf.add(bias, tf.matMul(a, b)), [floats(2, 3, 4), floats(2, 4, 5), floats(5)]),
  ...(['linear', 'relu6', 'elu', 'sigmoid', 'leakyrelu'] as const).map((activation) =>
    c(
      '_FusedMatMul',
      (a: T, b: T, bias: T) => tf.fused.matMul({ a, b, bias, transposeB: true, activation, leakyreluAlpha: 0.1 }),
      [floats(2, 3, 4), floats(2, 5, 4), floats(5)],
      activation !== 'linear' && activation !== 'relu6',
    ),
  ),
  c(
    '_FusedMatMul',
    (a: T, b: T, preluActivationWeights: T) => tf.fused.matMul({ a, b, activation: 'prelu', preluActivationWeights }),
    [floats(3, 4), floats(4, 5), floats(5)],
    true,
  ),
  c('_FusedMatMul', (a: T, b: T, bias: T) => tf.fused.matMul({ a: a as tf.Tensor2D, b: b as tf.Tensor2D, bias, activation: 'relu' }), [
    floats(3, 4),
    floats(4, 5),
    floats(5),
  ]),
];
