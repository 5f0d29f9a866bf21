import '@tensorflow/tfjs';
import { exp, sin, sum, type Tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { jit } from '../index.js';

const total = (x: Tensor) => sum(exp(sin(x)));
const numbers = (length: number) => ({ data: new Float32Array(length), shape: [length] });

it('a program that needs much memory makes the arena ready before anything else', async () => {
  const compiled = jit(total);
  const [large, small] = [numbers(2 ** 22), numbers(2 ** 10)];
  const names = async (x: typeof large) => (await compiled.profile(x)).nodes.map(({ name }) => name);
  expect((await names(large)).slice(0, 2)).toEqual(['arena_opener', 'arena_closer']);
  expect((await names(small)).some((name) => name.startsWith('arena'))).toBe(false);
  for (let run = 0; run < 3; run++) expect([...(await (await compiled(large)).read())]).toEqual([2 ** 22]);
  await compiled.dispose();
});
