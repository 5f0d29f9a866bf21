import type { Collective } from './collective.js';
import { concatArrays, copyArray } from './internal/combine.js';
import { guard } from './internal/guard.js';

/**
 * The collective of one process: every exchange is with itself. A training loop written for many ranks runs with it unchanged.
 *
 * @example
 * const { allReduce, size } = createSingle();
 * await allReduce({ data: Float32Array.of(1, 2), shape: [2] }, 'mean'); // { data: [1, 2], shape: [2] }
 */
export function createSingle(): Collective {
  return guard({
    rank: 0,
    size: 1,
    allReduce: async (array) => copyArray(array),
    allGather: async (array) => concatArrays([array]),
    broadcast: async (array) => copyArray(array),
    barrier: async () => {},
    close: async () => {},
  });
}
