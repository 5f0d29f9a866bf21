import { type Key, OptionError, randomStream } from '@fsc-clip/core';
import type { NegativeGenerator } from './negative-generator.js';
import type { Sample } from './sample.js';

/**
 * Hands on the negative captions that come with the data (`sample.negatives`): `count` of them at random, without repetition; slots stay empty where a
 * sample has fewer. One per caption is what NegCLIP trains on.
 *
 * @throws OptionError when `count` is not a positive integer
 */
export function listedNegatives(count = 1): NegativeGenerator {
  if (!Number.isInteger(count) || count < 1) {
    throw new OptionError({ function: 'listedNegatives', argument: 'count', rule: 'must be a positive integer', got: String(count) });
  }
  return {
    types: Array.from({ length: count }, (_, slot) => (count === 1 ? 'listed' : `listed${slot + 1}`)),
    generate: (_caption: string, key: Key, sample: Sample) => {
      const shuffled = randomStream(key).shuffle(sample.negatives ?? []);
      return Array.from({ length: count }, (_, slot) => shuffled[slot] ?? null);
    },
  };
}
