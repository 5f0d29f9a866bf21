import '@tensorflow/tfjs';
import { matMul } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { matrix, optimizedNodes } from './optimized.fixture.js';

describe('turnProducts', () => {
  const product = async (rows: number, columns: number) => {
    const nodes = await optimizedNodes((a, b) => matMul(a!, b!, true), matrix(6, rows), matrix(6, columns));
    return nodes.map(({ op, outputs: [{ shape }] }) => `${op} [${shape}]`);
  };

  it('turns the left side of a wide product', async () => expect(await product(8, 256)).toEqual(['Transpose [8,6]', 'MatMul [8,256]']));
  it('turns the result of a narrow one', async () => expect(await product(40, 4)).toEqual(['MatMul [4,40]', 'Transpose [40,4]']));
  it('leaves others alone', async () => {
    expect(await product(8, 255)).toEqual(['MatMul [8,255]']);
    expect(await product(4, 4)).toEqual(['MatMul [4,4]']);
    const batched = await optimizedNodes((a, b) => matMul(a!, b!, true), matrix(2, 6, 8), matrix(2, 6, 256));
    expect(batched.map(({ op }) => op)).toEqual(['MatMul']);
  });
});
