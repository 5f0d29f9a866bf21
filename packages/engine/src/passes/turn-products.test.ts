import '@tensorflow/tfjs';
import { matMul } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { matrix, optimizedNodes } from './optimized.fixture.js';

describe('turnProducts', () => {
  const product = async (rows: number, columns: number) => {
    const nodes = await optimizedNodes((a, b) => matMul(a!, b!, true), matrix(6, rows), matrix(6, columns));
    return nodes.map(({ op, outputs: [{ shape }] }) => `${op} [${shape}]`);
  };

  it('turns the left side of a large product', async () => expect(await product(64, 256)).toEqual(['Transpose [64,6]', 'MatMul [64,256]']));
  it('leaves others alone', async () => {
    expect(await product(64, 255)).toEqual(['MatMul [64,255]']);
    expect(await product(63, 256)).toEqual(['MatMul [63,256]']);
    const batched = await optimizedNodes((a, b) => matMul(a!, b!, true), matrix(2, 6, 64), matrix(2, 6, 256));
    expect(batched.map(({ op }) => op)).toEqual(['MatMul']);
  });
});
