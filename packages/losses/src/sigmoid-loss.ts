import { checkShapes } from '@fsc-clip/core';
import { add, eye, matMul, mul, softplus, sub, sum, tidy } from '@tensorflow/tfjs-core';
import type { Features, HasLogitBias } from './inputs.js';
import { captionsOf, checkCaptions } from './internal/captions.js';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/**
 * The pairwise loss of SigLIP: every image with every caption is a yes or a no,
 * `−1/B Σ_ij log σ(y_ij (s · I_i·T_j + b))`, `y` 1 on the diagonal and −1 elsewhere.
 *
 * @param output - `imageFeatures` f32 [B, D] and `textFeatures` f32 [N, D], N ≥ B, both L2-normalised; only the first B texts, the
 *   captions, take part. `logitScale` f32 [], already exponentiated (SigLIP starts it at 10); `logitBias` f32 []
 * @param _batch - not used; there so that every loss is called alike
 * @returns f32 []; with `reduction: 'none'` f32 [B], the pairs of every image summed
 * @throws ShapeError, OptionError
 * @see arXiv 2303.15343, equation 1
 * @example
 * const loss = sigmoidLoss({ imageFeatures, textFeatures, logitScale, logitBias: scalar(-10) });
 */
export function sigmoidLoss<R extends Reduction = 'mean'>(
  output: Features & HasLogitBias,
  _batch?: unknown,
  options: ReductionOptions<R> = {},
): Reduced<R> {
  const { imageFeatures, textFeatures, logitScale, logitBias } = output;
  const { B } = checkShapes('sigmoidLoss', {
    imageFeatures: [imageFeatures, 'B D'],
    textFeatures: [textFeatures, '* D'],
    logitScale: [logitScale, ''],
    logitBias: [logitBias, ''],
  });
  checkCaptions('sigmoidLoss', textFeatures, B);
  return tidy(() => {
    const cosines = matMul(imageFeatures, captionsOf(textFeatures, B), false, true); // [B, B]
    const logits = add(mul(logitScale, cosines), logitBias);
    const against = sub(1, mul(2, eye(B))); // −y; −log σ(x) = softplus(−x)
    return reduceLosses('sigmoidLoss', sum(softplus(mul(against, logits)), 1), options);
  });
}
