import { expect, it } from 'vitest';
import type { Buffer } from './activation-buffers.js';
import { arenaBytes } from './arena-bytes.js';

const buffer = (bytes: number, begin: number, end: number): Buffer => ({ bytes, size: '', begin, end, uses: 0 });
const touched = (...buffers: Buffer[]) => arenaBytes(buffers, 1 + Math.max(...buffers.map(({ end }) => end)));

it('memory that was given back is given again, and neighbours join', () => {
  expect(touched(buffer(256, 0, 0), buffer(256, 1, 1))).toBe(256);
  expect(touched(buffer(256, 0, 1), buffer(512, 0, 1), buffer(768, 2, 2))).toBe(768);
  expect(touched(buffer(256, 0, 2), buffer(512, 0, 1), buffer(768, 2, 2))).toBe(256 + 768); // the first is still held
});

it('a chunk that is not twice as large is given whole', () => {
  // 512 free below what is held: 384 take all of it, and 128 find no room beside them; 256 leave room for 256 more.
  expect(touched(buffer(512, 0, 0), buffer(256, 0, 3), buffer(384, 1, 3), buffer(128, 2, 3))).toBe(512 + 256 + 128);
  expect(touched(buffer(512, 0, 0), buffer(256, 0, 3), buffer(256, 1, 3), buffer(256, 2, 3))).toBe(512 + 256);
});

it('of what is free the smallest that is large enough is given', () => {
  const held = [buffer(1024, 0, 0), buffer(256, 0, 4), buffer(512, 0, 0), buffer(256, 0, 4)];
  // 512 go between the two that are held; 1024 find the first place as it was.
  expect(touched(...held, buffer(512, 1, 4), buffer(1024, 2, 4))).toBe(1024 + 256 + 512 + 256);
});
