import '@tensorflow/tfjs';
import { add, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { jit } from '../index.js';
import type { Isolation } from '../types.js';
import { mappedCopy } from './mapped-numbers.js';

const large = Float32Array.from({ length: 300_001 }, (_, i) => i / 8);

describe('mappedCopy', () => {
  it.each([large, large.subarray(7), Int32Array.of(1, 2, 3).subarray(1), new Uint8Array(2 ** 21).fill(7)])('equals %#', (from) => {
    const copy = mappedCopy(from);
    expect(copy).toBeInstanceOf(from.constructor);
    expect(Buffer.compare(Buffer.from(copy.slice().buffer), Buffer.from(from.slice().buffer))).toBe(0);
    expect(copy.buffer).not.toBe(from.buffer);
    expect(copy.buffer.byteLength).toBe(from.byteLength); // a buffer of its own, to be transferred
    expect(Reflect.get(copy.buffer, 'resizable')).toBe(from.byteLength >= 2 ** 20);
  });

  it.each<Isolation>(['thread', 'process'])('goes to a worker, as an argument and as a constant (%s)', async (isolate) => {
    const captured = tensor1d(large);
    const sum = jit((a: Tensor) => add(a, captured), { isolate });
    const result = await sum({ data: large, shape: [large.length] });
    expect((await result.read()).every((number, i) => number === i / 4)).toBe(true);
    expect(captured.dataSync()[8]).toBe(1); // it is the user's, and stays
    await sum.dispose();
  });
});
