import { foldIn, type HostArray, type Key, threefry2x32 } from '@fsc-clip/core';
import type { Initial, Parameter } from './parameters.js';

/** The first numbers of a parameter: a function of the key and the parameter's name alone. */
export function initialize(key: Key, name: string, { shape, initial }: Parameter): HostArray<Float32Array> {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  if ('value' in initial) return { data: data.fill(initial.value), shape };
  draw(foldIn(key, name), data, initial);
  return { data, shape };
}

/** Fills pairwise: one block of Threefry gives two uniform numbers, and those two normal ones (Box–Muller). */
function draw(key: Key, data: Float32Array, initial: Exclude<Initial, { readonly value: number }>): void {
  for (let i = 0; i < data.length; i += 2) {
    const [first, second] = threefry2x32(key, [0, i / 2]);
    const u = (first + 0.5) * 2 ** -32; // in (0, 1)
    const v = (second + 0.5) * 2 ** -32;
    if ('std' in initial) {
      const radius = initial.std * Math.sqrt(-2 * Math.log(u));
      data[i] = radius * Math.cos(2 * Math.PI * v);
      if (i + 1 < data.length) data[i + 1] = radius * Math.sin(2 * Math.PI * v);
    } else {
      data[i] = initial.bound * (2 * u - 1);
      if (i + 1 < data.length) data[i + 1] = initial.bound * (2 * v - 1);
    }
  }
}
