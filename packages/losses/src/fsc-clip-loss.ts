import { OptionError } from '@fsc-clip/core';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { acrossRanks, type Gathered } from './across-ranks.js';
import { checkCalibration } from './calibrated-cross-entropy.js';
import { clipLoss } from './clip-loss.js';
import { combineLosses } from './combine-losses.js';
import { globalNegativeLoss } from './global-negative-loss.js';
import type { DenseTokens, Features, HasNegatives } from './inputs.js';
import { checkAlignment } from './internal/patch-weights.js';
import { type LocalNegativeOptions, localNegativeLoss } from './local-negative-loss.js';
import { meanAcrossRanks } from './mean-across-ranks.js';
import type { RankOptions } from './ranks.js';

/** Options of `fscClipLoss`. The defaults are the paper's for ViT-B/32 on LAION-COCO. */
export interface FscClipOptions extends LocalNegativeOptions {
  /** Weight of the global hard-negative loss; 0 turns it off. The paper takes 1 on CC3M. @defaultValue 0.5 */
  readonly globalWeight?: number;
  /** Weight of the local hard-negative loss; 0 turns it off. The paper takes 0.5 for ViT-B/16 and L/14. @defaultValue 0.2 */
  readonly localWeight?: number;
}

/** What a batch of one rank holds beside its own arrays: those of all ranks, as `allGather` gives them. */
export interface HasGathered {
  readonly gathered: Gathered<'imageFeatures' | 'textFeatures'> & { readonly negativeMask: Tensor };
}

/** The loss of FSC-CLIP: `total` and its three weighted terms. */
export type FscClipLoss<Batch = HasNegatives> = (
  output: Features & DenseTokens,
  batch: Batch,
) => { total: Scalar; terms: { clip: Scalar; globalNegative: Scalar; localNegative: Scalar } };

/**
 * The complete loss of FSC-CLIP: `clipLoss` + 0.5 · `globalNegativeLoss` + 0.2 · `localNegativeLoss`, the latter two with focal weights
 * and label smoothing.
 *
 * @param options - with `ranks` the loss of a distributed step: CLIP's term over the gathered features of all ranks (`acrossRanks`), the
 *   others as means over the images of all ranks (`meanAcrossRanks`)
 * @returns a function of a model's output (`denseTokens: true`) and a batch, pure and traceable by `jit`; terms carry their weights
 * @throws OptionError
 * @see arXiv 2410.05210
 * @example
 * const { total, terms } = fscClipLoss({ localWeight: 0.5 })(output, batch);
 */
export function fscClipLoss(options?: FscClipOptions): FscClipLoss;
export function fscClipLoss(options: FscClipOptions & { readonly ranks: RankOptions }): FscClipLoss<HasNegatives & HasGathered>;
export function fscClipLoss({
  globalWeight = 0.5,
  localWeight = 0.2,
  ranks,
  ...options
}: FscClipOptions & { readonly ranks?: RankOptions } = {}): FscClipLoss<never> {
  checkCalibration('fscClipLoss', options);
  checkAlignment('fscClipLoss', options);
  for (const [argument, weight] of Object.entries({ globalWeight, localWeight })) {
    if (Number.isFinite(weight)) continue;
    throw new OptionError({ function: 'fscClipLoss', argument, rule: 'must be a finite number', got: String(weight) });
  }
  const globalNegative = (output: Features, batch: HasNegatives, reduction?: { readonly reduction: 'sum' }) =>
    globalNegativeLoss(output, batch, { ...options, ...reduction });
  const localNegative = (output: DenseTokens, batch: HasNegatives, reduction?: { readonly reduction: 'sum' }) =>
    localNegativeLoss(output, batch, { ...options, ...reduction });
  const weights = { globalNegative: globalWeight, localNegative: localWeight };
  if (ranks === undefined) return combineLosses({ clip: clipLoss, globalNegative, localNegative }, weights);
  const clip = acrossRanks(clipLoss, ranks);
  if (ranks.gather === 'reference') return combineLosses({ clip, globalNegative, localNegative }, weights);
  return combineLosses(
    { clip, globalNegative: meanAcrossRanks(globalNegative, ranks), localNegative: meanAcrossRanks(localNegative, ranks) },
    weights,
  );
}
