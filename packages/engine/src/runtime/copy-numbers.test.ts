import '@tensorflow/tfjs';
import { add, cast, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { jit } from '../index.js';
import type { Isolation } from '../types.js';
import { copyNumbers } from './copy-numbers.js';
import type { Numbers } from './protocol.js';

const copied = (from: Numbers) => {
  const copy = copyNumbers(from);
  return 'data' in copy ? copy.data : 'zeros';
};

describe('copyNumbers', () => {
  it('says that zeros are zeros, whatever their type and their place in a buffer', () => {
    for (const zeros of [new Float32Array(3), new Int32Array(3), new Uint8Array(3), new Float32Array(0)])
      expect(copied(zeros)).toBe('zeros');
    expect(copied(Float32Array.of(1, 0, 0, 1).subarray(1, 3))).toBe('zeros');
  });

  it.each([Float32Array.of(0, 0, 1e-45), Float32Array.of(-0), Int32Array.of(0, -1), Uint8Array.of(0, 0, 1)])('copies %o', (from) => {
    const copy = copied(from) as Numbers;
    expect(copy).toEqual(from); // tells 0 from -0
    expect(copy.buffer).not.toBe(from.buffer);
  });
});

it.each<Isolation>(['thread', 'process'])('zeros arrive as the numbers that they are (%s)', async (isolate) => {
  const sums = jit((a: Tensor, b: Tensor, c: Tensor) => add(add(a, cast(b, 'float32')), cast(c, 'float32')), { isolate });
  const zeros = [Float32Array, Int32Array, Uint8Array].map((Type) => ({ data: new Type(2), shape: [2] }));
  const result = await sums(zeros[0]!, zeros[1]!, { data: Uint8Array.of(0, 1), shape: [2] });
  expect([...(await result.read())]).toEqual([0, 1]);
  expect([...(await (await sums({ data: Float32Array.of(5, 6), shape: [2] }, zeros[1]!, zeros[2]!)).read())]).toEqual([5, 6]);
  await sums.dispose();
});
