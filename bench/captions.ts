import { type HostArray, type Key, randomStream } from '@fsc-clip/core';

/** How many captions have how many tokens, start and end included: COCO captions with three negatives each; 14.0 on average. */
const lengthCounts: Readonly<Record<number, number>> = {
  9: 13,
  10: 136,
  11: 1328,
  12: 1993,
  13: 2176,
  14: 1821,
  15: 1321,
  16: 821,
  17: 560,
  18: 335,
  19: 217,
  20: 128,
  21: 85,
  22: 37,
  23: 35,
  24: 33,
  25: 16,
  26: 16,
  27: 13,
  28: 24,
  31: 3,
  33: 7,
  35: 4,
  47: 4,
  52: 4,
};

/** Random token ids i32 [count, context] whose lengths are those of real captions: start, words, end, zeros. */
export function randomTexts(key: Key, count: number, context: number, vocabulary: number): HostArray<Int32Array> {
  const random = randomStream(key);
  const lengths = Object.keys(lengthCounts).map(Number);
  const weights = Object.values(lengthCounts);
  const data = new Int32Array(count * context);
  for (let row = 0; row < count; row++) {
    const length = Math.min(lengths[random.weighted(weights)]!, context);
    const ids = Array.from({ length: length - 2 }, () => 1 + random.integer(vocabulary - 3));
    data.set([vocabulary - 2, ...ids, vocabulary - 1], row * context);
  }
  return { data, shape: [count, context] };
}
