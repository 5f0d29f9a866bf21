import '@tensorflow/tfjs';
import { max, sum } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { matrix, optimizedNodes } from './optimized.fixture.js';

it('sumRows makes a product of a sum over the rows of a matrix, and of nothing else', async () => {
  const ops = async (...args: Parameters<typeof optimizedNodes>) => (await optimizedNodes(...args)).map(({ op }) => op);
  expect(await ops((x) => sum(x!, 0), matrix(5, 3))).toEqual(['MatMul', 'Reshape']);
  expect(await ops((x) => sum(x!, 0, true), matrix(5, 3))).toEqual(['MatMul']);
  expect(await ops((x) => sum(x!, 1), matrix(5, 3))).toEqual(['ReduceSum']);
  expect(await ops((x) => sum(x!, [0, 1]), matrix(5, 3))).toEqual(['ReduceSum']);
  expect(await ops((x) => sum(x!, 0), matrix(5, 3, 2))).toEqual(['ReduceSum']);
  expect(await ops((x) => max(x!, 0), matrix(5, 3))).toEqual(['ReduceMax']);
});
