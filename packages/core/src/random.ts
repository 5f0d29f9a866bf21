import { OptionError } from './errors.js';

/** A seed of the counter-based generator: two unsigned 32-bit words. Same key, same numbers: on any machine, in any order. */
export type Key = readonly [number, number];

const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

/**
 * Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): encrypts a counter of two
 * words under a key. Equal to the published test vectors.
 */
export function threefry2x32(key: Key, counter: readonly [number, number]): Key {
  const schedule = [key[0], key[1], key[0] ^ key[1] ^ 0x1bd11bda];
  let x0 = (counter[0] + schedule[0]!) | 0;
  let x1 = (counter[1] + schedule[1]!) | 0;
  for (let group = 0; group < 5; group++) {
    for (const r of rotations[group % 2]!) {
      x0 = (x0 + x1) | 0;
      x1 = ((x1 << r) | (x1 >>> (32 - r))) ^ x0;
    }
    x0 = (x0 + schedule[(group + 1) % 3]!) | 0;
    x1 = (x1 + schedule[(group + 2) % 3]! + group + 1) | 0;
  }
  return [x0 >>> 0, x1 >>> 0];
}

/** A key from an integer seed in [0, 2^53). */
export function createKey(seed: number): Key {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new OptionError({ function: 'createKey', argument: 'seed', rule: 'must be an integer in [0, 2^53)', got: String(seed) });
  }
  return [Math.floor(seed / 2 ** 32), seed >>> 0];
}

/**
 * A new key from a key and names or numbers, e.g. `foldIn(createKey(seed), epoch, sampleId, 'swap')`. Independent keys for
 * different data, so that results never depend on batch, order or number of workers.
 */
export function foldIn(key: Key, ...data: (string | number)[]): Key {
  return data.reduce<Key>((current, item) => {
    if (typeof item === 'number') return threefry2x32(current, createKey(item));
    const bytes = new TextEncoder().encode(item);
    let folded = threefry2x32(current, [0x53747200, bytes.length]); // a string never meets a number's counter of equal value
    for (let i = 0; i < bytes.length; i += 4) {
      const word = (bytes[i]! | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24)) >>> 0;
      folded = threefry2x32(folded, [word, i]);
    }
    return folded;
  }, key);
}

/** Random draws under one key, one after the other. */
export interface RandomStream {
  /** In [0, 1), a multiple of 2^-24. */
  uniform(): number;
  /** Standard normal (Box–Muller). */
  normal(): number;
  /** An integer in [0, bound), unbiased. */
  integer(bound: number): number;
  /** One of the items, uniformly. */
  choice<T>(items: readonly T[]): T;
  /** An index, with probability in proportion to its weight. */
  weighted(weights: readonly number[]): number;
  /** The items in random order, in a new array. */
  shuffle<T>(items: readonly T[]): T[];
}

/** Draws numbers under `key`: a counter runs from 0, so the n-th draw is a function of the key and n alone. */
export function randomStream(key: Key): RandomStream {
  let counter = 0;
  let spare: number | undefined;
  const word = (): number => {
    if (spare !== undefined) {
      const held = spare;
      spare = undefined;
      return held;
    }
    const [first, second] = threefry2x32(key, [Math.floor(counter / 2 ** 32), counter >>> 0]);
    counter++;
    spare = second;
    return first;
  };
  const uniform = () => (word() >>> 8) * 2 ** -24;
  const integer = (bound: number): number => {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new OptionError({ function: 'integer', argument: 'bound', rule: 'must be an integer in [1, 2^32]', got: String(bound) });
    }
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let draw = word();
    while (draw >= limit) draw = word();
    return draw % bound;
  };
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    integer,
    choice: (items) => {
      if (items.length === 0)
        throw new OptionError({ function: 'choice', argument: 'items', rule: 'must hold at least one item', got: 'none' });
      return items[integer(items.length)]!;
    },
    weighted: (weights) => {
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      if (!(total > 0) || weights.some((weight) => weight < 0)) {
        throw new OptionError({
          function: 'weighted',
          argument: 'weights',
          rule: 'must be non-negative with a positive sum',
          got: `a sum of ${total}`,
        });
      }
      let left = uniform() * total;
      for (let index = 0; index < weights.length; index++) {
        left -= weights[index]!;
        if (left < 0) return index;
      }
      return weights.findLastIndex((weight) => weight > 0);
    },
    shuffle: (items) => {
      const shuffled = [...items];
      for (let last = shuffled.length - 1; last > 0; last--) {
        const other = integer(last + 1);
        [shuffled[last], shuffled[other]] = [shuffled[other]!, shuffled[last]!];
      }
      return shuffled;
    },
  };
}
