import { foldIn, type HostArray, type Key, randomStream } from '@fsc-clip/core';
import type { Initial, Parameter } from './parameters.js';

/** The first numbers of a parameter: a function of the key and the parameter's name alone. */
export function initialize(key: Key, name: string, { shape, initial }: Parameter): HostArray<Float32Array> {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  const draw = drawer(key, name, initial);
  for (let i = 0; i < data.length; i++) data[i] = draw();
  return { data, shape };
}

function drawer(key: Key, name: string, initial: Initial): () => number {
  if ('value' in initial) return () => initial.value;
  const random = randomStream(foldIn(key, name));
  if ('std' in initial) return () => initial.std * random.normal();
  return () => initial.bound * (2 * random.uniform() - 1);
}
