import { expect, it } from 'vitest';
import { discard } from './discard.js';

it('takes the memory of whole buffers, also of one with two views, and leaves what is a part', () => {
  const whole = Float32Array.of(1, 2);
  const other = new Int32Array(whole.buffer);
  const part = Float32Array.of(3, 4).subarray(1);
  discard([whole, other, part]);
  expect([whole.length, other.length, part.length]).toEqual([0, 0, 1]);
  expect(part[0]).toBe(4);
  discard([whole, new Uint8Array(0)]); // empty by now
});
