import '@tensorflow/tfjs';
import { createKey, foldIn, threefry2x32 } from '@fsc-clip/core';
import { foldInKernel, foldInKey, uniform } from '@fsc-clip/core/tensor';
import { engine, grad, mul, sum, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { jit } from '../jit.js';

const keyOf = (...words: number[]) => ({ data: Int32Array.from(words, (word) => word | 0), shape: [2] });
const hex = (words: Iterable<number>) => [...words].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join(' ');

describe('random numbers of a program', () => {
  // Random123, kat_vectors: threefry2x32 with 20 rounds.
  it.each([
    [[0, 0], [0, 0], '6b200159 99ba4efe'],
    [[0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff], '1cb996fc bb002be7'],
    [[0x13198a2e, 0x03707344], [0x243f6a88, 0x85a308d3], 'c4923a9c 483df7a0'],
  ])('equal the published vector of key %j, counter %j', async (key, counter, words) => {
    const encrypt = jit((k: Tensor): Tensor => engine().runKernel(foldInKernel, { key: k }, { counter }));
    expect(hex(await (await encrypt(keyOf(...key))).read())).toBe(words);
    await encrypt.dispose();
  });

  it('come from keys that are split inside the program, new in every call, without compiling again', async () => {
    let traces = 0;
    const draw = jit((key: Tensor) => {
      traces += 1;
      return [0, 1].map((layer) => uniform(foldInKey(key as Tensor1D, 'dropout', layer), [3]));
    });
    for (const seed of [1, 2 ** 32 + 7]) {
      const key = createKey(seed);
      const drawn = await draw(keyOf(...key));
      for (const [layer, array] of drawn.entries()) {
        const folded = foldIn(key, 'dropout', layer);
        const words = [threefry2x32(folded, [0, 0]), threefry2x32(folded, [0, 1])].flat().slice(0, 3);
        expect([...(await array.read())]).toEqual(words.map((word) => (word >>> 8) / 2 ** 24));
      }
    }
    expect(traces).toBe(1);
    await draw.dispose();
  });

  it('are constants of a gradient', async () => {
    const slope = jit((x: Tensor, key: Tensor) => {
      const noise = uniform(foldInKey(key as Tensor1D, 1), [4]);
      return { noise, slope: grad((v: Tensor) => sum(mul(v, noise)))(x) };
    });
    const result = await slope({ data: new Float32Array(4), shape: [4] }, keyOf(0, 3));
    expect(await result.slope.read()).toEqual(await result.noise.read());
    await slope.dispose();
  });
});
