import { OptionError } from '@fsc-clip/core';
import type { Collective } from '../collective.js';
import { concatArrays, copyArray, reduceArrays } from '../internal/combine.js';
import { guard } from '../internal/guard.js';
import { createMeetings } from './meetings.js';

/**
 * Runs a program as `size` ranks in this thread, with a real exchange between them: the test of code that takes a `Collective`. Ranks
 * that differ in what they call, or that end while others wait for them, give an error instead of a hang.
 *
 * @param size - the number of ranks, at least 1
 * @param program - called once per rank; its collective is closed when it ends
 * @returns what the program returned, by rank
 * @throws the first error that a rank threw
 * @throws OptionError when `size` is no positive integer
 * @example
 * const sums = await simulateRanks(4, ({ rank, allReduce }) => allReduce({ data: Float32Array.of(rank), shape: [] }));
 * sums[0]!.data; // [6]
 */
export async function simulateRanks<Result>(size: number, program: (collective: Collective) => Promise<Result>): Promise<Result[]> {
  if (!Number.isInteger(size) || size < 1) {
    throw new OptionError({ function: 'simulateRanks', argument: 'size', rule: 'must be a positive integer', got: String(size) });
  }
  const meetings = createMeetings(size);
  const failures: unknown[] = []; // in order of time: later ones are often no more than consequences
  const results = await Promise.all(
    Array.from({ length: size }, async (_, rank) => {
      const { meet, leave } = meetings;
      const collective = guard({
        rank,
        size,
        allReduce: (array, op) => meet(rank, 'allReduce', array, op, (arrays) => reduceArrays(arrays, op)),
        allGather: (array) => meet(rank, 'allGather', array, undefined, concatArrays),
        broadcast: (array, root) => meet(rank, 'broadcast', array, root, (arrays) => copyArray(arrays[root]!)),
        barrier: async () => {
          await meet(rank, 'barrier', nothing, undefined, ([first]) => first!);
        },
        close: async () => leave(rank),
      });
      try {
        return await program(collective);
      } catch (error) {
        failures.push(error);
        return undefined;
      } finally {
        await collective.close();
      }
    }),
  );
  if (failures.length > 0) throw failures[0];
  return results as Result[];
}

const nothing = { data: new Uint8Array(0), shape: [0] };
