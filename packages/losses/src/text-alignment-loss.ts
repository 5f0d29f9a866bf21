import { checkShapes } from '@fsc-clip/core';
import { square, sub, sum, tidy } from '@tensorflow/tfjs-core';
import type { Paraphrases } from './inputs.js';
import { captionsOf, checkCaptions } from './internal/captions.js';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/**
 * The uni-modal loss of CLIC: a caption and its paraphrase are to be the same vector, `‖T − P‖²`.
 *
 * @param output - `textFeatures` f32 [N, D], N ≥ B, `paraphraseFeatures` f32 [B, D], both L2-normalised; only the first B texts, the
 *   captions, take part
 * @param _batch - not used; there so that every loss is called alike
 * @returns f32 [], the mean over the captions; with `reduction: 'none'` f32 [B]
 * @throws ShapeError, OptionError
 * @see CLIC, arXiv 2505.24424, equation 6
 * @example
 * const loss = textAlignmentLoss({ textFeatures, paraphraseFeatures: imageFeatures });
 */
export function textAlignmentLoss<R extends Reduction = 'mean'>(
  output: Paraphrases,
  _batch?: unknown,
  options: ReductionOptions<R> = {},
): Reduced<R> {
  const { textFeatures, paraphraseFeatures } = output;
  const { B } = checkShapes('textAlignmentLoss', { paraphraseFeatures: [paraphraseFeatures, 'B D'], textFeatures: [textFeatures, '* D'] });
  checkCaptions('textAlignmentLoss', textFeatures, B);
  return tidy(() => reduceLosses('textAlignmentLoss', sum(square(sub(captionsOf(textFeatures, B), paraphraseFeatures)), 1), options));
}
