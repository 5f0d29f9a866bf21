import { OptionError } from './errors.js';

/** A seed of the counter-based generator: two unsigned 32-bit words. Same key, same numbers: on any machine, in any order. */
export type Key = readonly [number, number];

/**
 * Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): encrypts a counter of two
 * words under a key. Equal to the published test vectors.
 */
export function threefry2x32(key: Key, counter: readonly [number, number]): Key {
  const words = new Uint32Array(2);
  encrypt(key[0], key[1], counter[0], counter[1], words);
  return [words[0]!, words[1]!];
}

/** The rounds, without an allocation: initial weights of a large model take a hundred million of them. */
function encrypt(k0: number, k1: number, c0: number, c1: number, words: Uint32Array): void {
  const k2 = k0 ^ k1 ^ 0x1bd11bda;
  let x0 = (c0 + k0) | 0;
  let x1 = (c1 + k1) | 0;
  let [now, next, after] = [k1, k2, k0];
  for (let group = 1; group <= 5; group++) {
    const odd = group % 2 === 1;
    x0 = (x0 + x1) | 0;
    x1 = (odd ? (x1 << 13) | (x1 >>> 19) : (x1 << 17) | (x1 >>> 15)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = (odd ? (x1 << 15) | (x1 >>> 17) : (x1 << 29) | (x1 >>> 3)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = (odd ? (x1 << 26) | (x1 >>> 6) : (x1 << 16) | (x1 >>> 16)) ^ x0;
    x0 = (x0 + x1) | 0;
    x1 = (odd ? (x1 << 6) | (x1 >>> 26) : (x1 << 24) | (x1 >>> 8)) ^ x0;
    x0 = (x0 + now) | 0;
    x1 = (x1 + next + group) | 0;
    [now, next, after] = [next, after, now];
  }
  words[0] = x0;
  words[1] = x1;
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
  return foldCounters(data).reduce(threefry2x32, key);
}

/** The counters that `foldIn` encrypts, one after the other, each under the key that the one before gave. */
export function foldCounters(data: readonly (string | number)[]): Key[] {
  return data.flatMap((item) => {
    if (typeof item === 'number') return [createKey(item)];
    const bytes = new TextEncoder().encode(item);
    const counters: Key[] = [[0x53747200, bytes.length]]; // a string never meets a number's counter of equal value
    for (let i = 0; i < bytes.length; i += 4) {
      const word = (bytes[i]! | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24)) >>> 0;
      counters.push([word, i]);
    }
    return counters;
  });
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
  const words = new Uint32Array(2);
  let counter = 0;
  let used = 2;
  const word = (): number => {
    if (used === 2) {
      encrypt(key[0], key[1], Math.floor(counter / 2 ** 32), counter >>> 0, words);
      counter++;
      used = 0;
    }
    return words[used++]!;
  };
  const uniform = () => (word() >>> 8) * 2 ** -24;
  // Box–Muller makes two normal numbers of two uniform ones.
  let spare: number | undefined;
  const normal = (): number => {
    if (spare !== undefined) {
      const held = spare;
      spare = undefined;
      return held;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
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
    normal,
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
