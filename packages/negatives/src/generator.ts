import type { Key } from '@fsc-clip/core';

/**
 * Makes K negative captions of a caption. The result is a function of caption and key alone: fold the epoch and the sample's name into
 * the key (`foldIn(createKey(seed), epoch, sampleId)`) and it depends neither on the batch, nor on order, nor on the number of workers.
 */
export interface NegativeGenerator {
  /** One name a slot, K of them. */
  readonly types: readonly string[];
  /** K captions in the order of `types`; null is an empty slot, to be masked. Throws for no string. */
  readonly generate: (caption: string, key: Key) => (string | null)[];
}

/** A generator of one slot. */
export interface SingleNegativeGenerator extends NegativeGenerator {
  readonly types: readonly [string];
  readonly generate: (caption: string, key: Key) => [string | null];
}
