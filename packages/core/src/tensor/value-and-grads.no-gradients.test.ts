import '@tensorflow/tfjs-backend-cpu';
import { type Scalar, scalar, sum } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { valueAndGrads } from './value-and-grads.js';

it('says what to import when tfjs has no gradients registered', () => {
  expect(() => valueAndGrads((params) => sum<Scalar>(params['w']!))({ w: scalar(1) })).toThrow(
    "@tensorflow/tfjs-core alone registers none: import '@tensorflow/tfjs' (or tfjs-node) once in your program",
  );
});
