import type { Tensor } from '@tensorflow/tfjs-core';
import { acrossRanks, type Gathered } from './across-ranks.js';
import { combineLosses } from './combine-losses.js';
import { type FscClipLoss, type FscClipOptions, fscClipTerms } from './fsc-clip-loss.js';
import type { HasNegatives } from './inputs.js';
import { meanAcrossRanks } from './mean-across-ranks.js';
import type { RankOptions } from './ranks.js';

/** What a batch of one rank holds beside its own arrays: those of all ranks, as `allGather` gives them. */
export interface HasGathered {
  readonly gathered: Gathered<'imageFeatures' | 'textFeatures'> & { readonly negativeMask: Tensor };
}

/**
 * `fscClipLoss` of one rank: CLIP's term over the features of all ranks (`acrossRanks`), the two over hard negatives as means over the
 * images of all ranks (`meanAcrossRanks`), or of this rank with `gather: 'reference'`, as the reference does.
 *
 * @param ranks - a `Collective` of `@fsc-clip/distributed`, or `{ rank, size, gather }`
 * @param options - those of `fscClipLoss`
 * @returns a function of this rank's `output` and `batch`, with `batch.gathered`; terms carry their weights
 * @throws OptionError
 * @see arXiv 2410.05210
 * @example
 * const { imageFeatures, textFeatures } = output; // as one rank would have gathered them
 * const gathered = { imageFeatures, textFeatures, negativeMask };
 * const { total, terms } = fscClipLossAcrossRanks({ rank: 0, size: 1 })(output, { negativeMask, gathered });
 */
export function fscClipLossAcrossRanks(ranks: RankOptions, options: FscClipOptions = {}): FscClipLoss<HasNegatives & HasGathered> {
  const { clip: contrastive, globalNegative, localNegative, weights } = fscClipTerms('fscClipLossAcrossRanks', options);
  const clip = acrossRanks(contrastive, ranks);
  if (ranks.gather === 'reference') return combineLosses({ clip, globalNegative, localNegative }, weights);
  const everywhere = { globalNegative: meanAcrossRanks(globalNegative, ranks), localNegative: meanAcrossRanks(localNegative, ranks) };
  return combineLosses({ clip, ...everywhere }, weights);
}
