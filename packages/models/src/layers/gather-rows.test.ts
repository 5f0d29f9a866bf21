import '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { grad, mul, setBackend, sum, type Tensor2D, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { gatherRows } from './gather-rows.js';

// wasm: a backend without a kernel for the gradient
it.each(['cpu', 'wasm'])('gatherRows on %s takes rows and adds up the gradients of a row that is taken twice', async (backend) => {
  await setBackend(backend);
  const table = tensor2d([1, 2, 3, 4, 5, 6], [3, 2]);
  const indices = tensor1d([2, 0, 2], 'int32');
  const weights = tensor2d([1, 10, 2, 20, 3, 30], [3, 2]);
  expect([...gatherRows(table, indices).dataSync()]).toEqual([5, 6, 1, 2, 5, 6]);
  const gradient = grad((t) => sum(mul(gatherRows(t as Tensor2D, indices), weights)))(table);
  expect([...gradient.dataSync()]).toEqual([2, 20, 0, 0, 1 + 3, 10 + 30]);
});
