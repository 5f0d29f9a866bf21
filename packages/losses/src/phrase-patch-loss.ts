import { checkShapes } from '@fsc-clip/core';
import {
  add,
  cast,
  equal,
  expandDims,
  greaterEqual,
  matMul,
  mul,
  reshape,
  softmax,
  softplus,
  sub,
  sum,
  type Tensor,
  tidy,
  transpose,
} from '@tensorflow/tfjs-core';
import type { DenseTokens, HasImageIds, HasLogitBias } from './inputs.js';
import { pooledCosines } from './internal/pooled-cosines.js';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/** Noun phrases of a batch's captions, each encoded as a text of its own. */
export interface Phrases {
  /** f32 [F, D], L2-normalised. */
  readonly phraseFeatures: Tensor;
}

/** Whose phrases they are. */
export interface HasPhraseIds extends HasImageIds {
  /** i32 [F]; the `imageIds` of its image, −1 for a slot that holds no phrase. */
  readonly phraseIds: Tensor;
}

/**
 * C2LIP's cross-attention concept loss: every phrase c pools the patches of every image by its attention to them,
 * `v = Σ_p softmax_p(c · x_p) x_p`, and says whether it is that image's: `−1/F Σ_f Σ_i log σ(y_if (s · cos(v_if, c_f) + b))`, `y` 1 for
 * the phrase's own images, else −1. Unlike in `localScores` gradients flow through the attention too.
 *
 * @param output - `imageTokens` f32 [B, P, D], not normalised; `phraseFeatures` f32 [F, D], L2-normalised; `logitScale` f32 [], already
 *   exponentiated; `logitBias` f32 []
 * @param batch - `imageIds` i32 [B], `phraseIds` i32 [F]
 * @returns f32 [], the mean over the phrases, 0 without any; with `reduction: 'none'` f32 [F], one value per phrase
 * @throws ShapeError, OptionError
 * @see arXiv 2603.25722, cross-attention concept loss
 * @example
 * const phrases = { phraseFeatures: slice(textFeatures, 0, 16), logitBias: scalar(-10) };
 * const ids = { imageIds: range(0, 8, 1, 'int32'), phraseIds: tile(range(0, 8, 1, 'int32'), [2]) }; // two phrases an image
 * const loss = phrasePatchLoss({ imageTokens, logitScale, ...phrases }, ids);
 */
export function phrasePatchLoss<R extends Reduction = 'mean'>(
  output: Pick<DenseTokens, 'imageTokens' | 'logitScale'> & Phrases & HasLogitBias,
  batch: HasPhraseIds,
  options: ReductionOptions<R> = {},
): Reduced<R> {
  const { imageTokens, phraseFeatures, logitScale, logitBias } = output;
  const { imageIds, phraseIds } = batch;
  const { B, P, D } = checkShapes('phrasePatchLoss', {
    imageTokens: [imageTokens, 'B P D'],
    phraseFeatures: [phraseFeatures, 'F D'],
    imageIds: [imageIds, 'B'],
    phraseIds: [phraseIds, 'F'],
    logitScale: [logitScale, ''],
    logitBias: [logitBias, ''],
  });
  return tidy(() => {
    const products = matMul(reshape(imageTokens, [B * P, D]), phraseFeatures, false, true); // [B·P, F]
    const similarity = transpose(reshape(products, [B, P, -1]), [0, 2, 1]); // [B, F, P]
    const cosines = pooledCosines(similarity, softmax(similarity), imageTokens); // [B, F]
    const logits = add(mul(logitScale, cosines), logitBias);
    const own = cast(equal(expandDims(imageIds, 1), phraseIds), 'float32'); // [B, F]
    const counted = cast(greaterEqual(phraseIds, 0), 'float32'); // [F]
    const losses = mul(sum(softplus(mul(sub(1, mul(2, own)), logits)), 0), counted); // [F]
    return reduceLosses('phrasePatchLoss', losses, options, counted);
  });
}
