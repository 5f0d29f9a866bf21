import '@tensorflow/tfjs';
import { add, matMul, mul, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { matrix, optimizedNodes } from './optimized.fixture.js';

const [x, weight, bias, p] = [matrix(6, 40), matrix(50, 40), matrix(50), matrix(6, 4)];
const inputsOf = async (...args: Parameters<typeof optimizedNodes>) =>
  (await optimizedNodes(...args))
    .filter(({ op }) => op === 'MatMul')
    .map(({ inputs }) => inputs.map(({ shape }) => `[${shape}]`).join(' '));

describe('moveBiases', () => {
  const layer = (x: Tensor, w: Tensor, b: Tensor) => add(matMul(x, w, false, true), b);

  it.each([
    ['turned', matrix(50, 4), true, '[6,5] [50,5]'],
    ['as it is', matrix(4, 50), false, '[6,5] [5,50]'],
  ])('puts the bias of a layer into its adapter, %s', async (_, q, turned, narrow) => {
    const adapted = (x: Tensor, w: Tensor, b: Tensor, p: Tensor, q: Tensor) => add(layer(x, w, b), matMul(p, q, false, turned));
    expect(await inputsOf(adapted as never, x, weight, bias, p, q)).toEqual(['[6,40] [50,40]', narrow]);
  });

  it('keeps scales apart', async () => {
    const scaled = (x: Tensor, w: Tensor, b: Tensor, p: Tensor, q: Tensor) => add(mul(layer(x, w, b), 3), mul(matMul(p, q), 0.5));
    expect(await inputsOf(scaled as never, x, weight, bias, p, matrix(4, 50))).toEqual(['[6,40] [50,40]', '[6,5] [5,50]']);
  });

  it('leaves alone what is read elsewhere, and wide products', async () => {
    const read = (x: Tensor, w: Tensor, b: Tensor, p: Tensor, q: Tensor) => {
      const y = layer(x, w, b);
      return [y, add(y, matMul(p, q))];
    };
    expect(await inputsOf(read as never, x, weight, bias, p, matrix(4, 50))).toEqual(['[6,40] [50,40] [50]', '[6,4] [4,50]']);
    const wide = (x: Tensor, w: Tensor, b: Tensor, p: Tensor, q: Tensor) => add(layer(x, w, b), matMul(p, q));
    expect(await inputsOf(wide as never, x, weight, bias, matrix(6, 33), matrix(33, 50))).toEqual([
      '[6,40] [50,40] [50]',
      '[6,33] [33,50]',
    ]);
  });
});
