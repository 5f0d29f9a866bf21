import type { HostArray, Key } from '@fsc-clip/core';
import type { Sample } from './sample.js';

/** Makes K negative captions of one caption; the generators of `@fsc-clip/negatives` are such. */
export interface NegativeGenerator {
  /** A name for each of the K slots. */
  readonly types: readonly string[];
  /** One text or null (nothing found) per slot. The same key, the same texts. */
  generate(caption: string, key: Key, sample: Sample): readonly (string | null)[] | Promise<readonly (string | null)[]>;
}

/** Turns texts into token ids; `@fsc-clip/models` makes them. */
export interface Tokenizer {
  /** T: positions per text. */
  readonly contextLength: number;
  /** i32 [texts, T], padded with zeros. */
  encodeBatch(texts: string[]): HostArray<Int32Array>;
}
