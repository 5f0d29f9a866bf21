import { checkShapes } from '@fsc-clip/core';
import { add, matMul, mul, type Tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Paraphrases } from './inputs.js';
import { captionsOf, checkCaptions } from './internal/captions.js';
import { diagonalCrossEntropy } from './internal/diagonal-cross-entropy.js';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/** Options of `textContrastLoss`. */
export interface TextContrastOptions {
  /**
   * True averages both directions, as TSVLC's symmetric loss; false only lets every paraphrase find its caption, as READ-CLIP.
   * @defaultValue false
   */
  readonly symmetric?: boolean;
}

/**
 * Contrast among texts: every paraphrase finds its caption among the batch's, the cross-entropy of the rows of `s · P · Tᵀ` [B, B] with
 * labels on the diagonal. With negatives as further columns it is the row side of `negClipLoss`, paraphrases in the images' place.
 *
 * @param output - `textFeatures` f32 [N, D], N ≥ B, `paraphraseFeatures` f32 [B, D], both L2-normalised; only the first B texts, the
 *   captions, take part. `logitScale` f32 [], already exponentiated
 * @param _batch - not used; there so that every loss is called alike
 * @returns f32 []; with `reduction: 'none'` f32 [B]
 * @throws ShapeError, OptionError
 * @see READ-CLIP, arXiv 2510.16540; TSVLC, arXiv 2211.11733
 * @example
 * const loss = textContrastLoss({ textFeatures, paraphraseFeatures: imageFeatures, logitScale });
 */
export function textContrastLoss<R extends Reduction = 'mean'>(
  output: Paraphrases & { readonly logitScale: Tensor },
  _batch?: unknown,
  options: TextContrastOptions & ReductionOptions<R> = {},
): Reduced<R> {
  const { textFeatures, paraphraseFeatures, logitScale } = output;
  const { symmetric = false } = options;
  const { B } = checkShapes('textContrastLoss', {
    paraphraseFeatures: [paraphraseFeatures, 'B D'],
    textFeatures: [textFeatures, '* D'],
    logitScale: [logitScale, ''],
  });
  checkCaptions('textContrastLoss', textFeatures, B);
  return tidy(() => {
    const logits = mul(logitScale, matMul(paraphraseFeatures, captionsOf(textFeatures, B), false, true)); // [B, B]
    const found = diagonalCrossEntropy(logits);
    const losses = symmetric ? mul(0.5, add(found, diagonalCrossEntropy(transpose(logits)))) : found;
    return reduceLosses('textContrastLoss', losses, options);
  });
}
