import { OptionError } from '@fsc-clip/core';
import type { Scalar } from '@tensorflow/tfjs-core';
import { checkCalibration } from './calibrated-cross-entropy.js';
import { clipLoss } from './clip-loss.js';
import { combineLosses } from './combine-losses.js';
import { globalNegativeLoss } from './global-negative-loss.js';
import type { DenseTokens, Features, HasNegatives } from './inputs.js';
import { checkAlignment } from './internal/patch-weights.js';
import { type ChunkOptions, checkChunkSize } from './internal/row-chunks.js';
import { type LocalNegativeOptions, localNegativeLoss } from './local-negative-loss.js';

/** Options of `fscClipLoss`. The defaults are the paper's for ViT-B/32 on LAION-COCO. */
export interface FscClipOptions extends LocalNegativeOptions, ChunkOptions {
  /** Weight of the global hard-negative loss; 0 turns it off. The paper takes 1 on CC3M. @defaultValue 0.5 */
  readonly globalWeight?: number;
  /** Weight of the local hard-negative loss; 0 turns it off. The paper takes 0.5 for ViT-B/16 and L/14. @defaultValue 0.2 */
  readonly localWeight?: number;
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
 * @returns a function of a model's output (`denseTokens: true`) and a batch, pure and traceable by `jit`; terms carry their weights
 * @throws OptionError
 * @see arXiv 2410.05210
 * @example
 * const { total, terms } = fscClipLoss({ localWeight: 0.5 })(output, batch);
 */
export function fscClipLoss(options: FscClipOptions = {}): FscClipLoss {
  const { clip, globalNegative, localNegative, weights } = fscClipTerms('fscClipLoss', options);
  return combineLosses({ clip, globalNegative, localNegative }, weights);
}

/**
 * The three losses with the options of `fscClipLoss`, and what they count.
 *
 * @throws OptionError
 */
export function fscClipTerms(name: string, { globalWeight = 0.5, localWeight = 0.2, ...options }: FscClipOptions) {
  checkCalibration(name, options);
  checkAlignment(name, options);
  checkChunkSize(name, options);
  for (const [argument, weight] of Object.entries({ globalWeight, localWeight })) {
    if (Number.isFinite(weight)) continue;
    throw new OptionError({ function: name, argument, rule: 'must be a finite number', got: String(weight) });
  }
  return {
    clip: (output: Features, batch: unknown) => clipLoss(output, batch, options),
    globalNegative: (output: Features, batch: HasNegatives, reduction?: { readonly reduction: 'sum' }) =>
      globalNegativeLoss(output, batch, { ...options, ...reduction }),
    localNegative: (output: DenseTokens, batch: HasNegatives, reduction?: { readonly reduction: 'sum' }) =>
      localNegativeLoss(output, batch, { ...options, ...reduction }),
    weights: { globalNegative: globalWeight, localNegative: localWeight },
  };
}
