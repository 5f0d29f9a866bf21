import { jit } from '@fsc-clip/engine';
import { dispose, fill, matMul, ones, type Tensor } from '@tensorflow/tfjs-core';

/** What the machine's matrix product reaches at its best here: floating-point operations a second, of [1024, 1024] by a constant of 1024². */
export async function matMulPeak(rounds = 20): Promise<number> {
  const size = 1024;
  const weight = fill([size, size], 1 / size); // a product of ones stays one
  const product = jit((x: Tensor) => Array.from({ length: 8 }).reduce<Tensor>((y) => matMul(y, weight), x));
  let x = await product(ones([size, size]));
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < rounds; i++) {
    const started = performance.now();
    const next = await product(x);
    best = Math.min(best, (performance.now() - started) / 1000);
    x.dispose();
    x = next;
  }
  await product.dispose();
  dispose(weight);
  return (8 * 2 * size ** 3) / best;
}
