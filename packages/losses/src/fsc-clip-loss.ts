import { OptionError } from '@fsc-clip/core';
import type { Scalar } from '@tensorflow/tfjs-core';
import { checkCalibration } from './calibrated-cross-entropy.js';
import { clipLoss } from './clip-loss.js';
import { combineLosses } from './combine-losses.js';
import { globalNegativeLoss } from './global-negative-loss.js';
import type { DenseTokens, Features, HasNegatives } from './inputs.js';
import { checkAlignment } from './internal/patch-weights.js';
import { type LocalNegativeOptions, localNegativeLoss } from './local-negative-loss.js';

/** Options of `fscClipLoss`. The defaults are the paper's for ViT-B/32 on LAION-COCO. */
export interface FscClipOptions extends LocalNegativeOptions {
  /** Weight of the global hard-negative loss; 0 turns it off. The paper takes 1 on CC3M. @defaultValue 0.5 */
  readonly globalWeight?: number;
  /** Weight of the local hard-negative loss; 0 turns it off. The paper takes 0.5 for ViT-B/16 and L/14. @defaultValue 0.2 */
  readonly localWeight?: number;
}

/** The loss of FSC-CLIP: `total` and its three weighted terms. */
export type FscClipLoss = (
  output: Features & DenseTokens,
  batch: HasNegatives,
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
export function fscClipLoss({ globalWeight = 0.5, localWeight = 0.2, ...options }: FscClipOptions = {}): FscClipLoss {
  checkCalibration('fscClipLoss', options);
  checkAlignment('fscClipLoss', options);
  for (const [argument, weight] of Object.entries({ globalWeight, localWeight })) {
    if (Number.isFinite(weight)) continue;
    throw new OptionError({ function: 'fscClipLoss', argument, rule: 'must be a finite number', got: String(weight) });
  }
  return combineLosses({
    clip: clipLoss,
    globalNegative: {
      loss: (output: Features, batch: HasNegatives) => globalNegativeLoss(output, batch, options),
      weight: globalWeight,
    },
    localNegative: {
      loss: (output: DenseTokens, batch: HasNegatives) => localNegativeLoss(output, batch, options),
      weight: localWeight,
    },
  });
}
