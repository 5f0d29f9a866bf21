import '@tensorflow/tfjs';
import { add, argMax, cast, grads, mul, type Scalar, scalar, sum, tensor1d, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { detached } from './detached.js';

describe('detached', () => {
  it('keeps the value and stops the gradient: d/dx of x·[x²] is [x²]', () => {
    const gradient = grads((x) =>
      mul(
        x!,
        detached((y) => mul(y, y), x!),
      ),
    )([scalar(3)])[0]!;
    expect(gradient.dataSync()[0]).toBe(9); // not 3x² = 27
  });

  it('gives zero to every argument, and takes operations without a gradient', () => {
    const highest = (x: typeof a, y: typeof a) => cast(argMax(add(x, y)), 'float32');
    const a = tensor1d([1, 5]);
    const b = tensor1d([2, 0]);
    const [ga, gb] = grads((x, y) => add(sum<Scalar>(y!), detached(highest, x as typeof a, y as typeof a)))([a, b]);
    expect([...ga!.dataSync()]).toEqual([0, 0]);
    expect([...gb!.dataSync()]).toEqual([1, 1]);
  });

  it('works on a tensor that a tidy disposes before the backward pass', () => {
    const loss = (x: Scalar) =>
      tidy(() => {
        const twice = mul(x, 2);
        return mul(
          twice,
          detached((y) => mul(y, 10), twice),
        );
      });
    expect(grads((x) => loss(x as Scalar))([scalar(3)])[0]!.dataSync()[0]).toBe(120); // 2 · [10 · 6]
  });
});
