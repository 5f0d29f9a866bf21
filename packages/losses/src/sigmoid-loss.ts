import { checkShapes } from '@fsc-clip/core';
import { detached } from '@fsc-clip/core/tensor';
import { add, cast, equal, expandDims, matMul, mul, range, softplus, sub, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Features, HasLogitBias } from './inputs.js';
import { captionsOf, checkCaptions } from './internal/captions.js';
import { type ChunkOptions, checkChunkSize, inRowChunks } from './internal/row-chunks.js';
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
  options: ChunkOptions & ReductionOptions<R> = {},
): Reduced<R> {
  const { imageFeatures, textFeatures, logitScale, logitBias } = output;
  const { B } = checkShapes('sigmoidLoss', {
    imageFeatures: [imageFeatures, 'B D'],
    textFeatures: [textFeatures, '* D'],
    logitScale: [logitScale, ''],
    logitBias: [logitBias, ''],
  });
  checkCaptions('sigmoidLoss', textFeatures, B);
  checkChunkSize('sigmoidLoss', options);
  return tidy(() => {
    const against = (row: Tensor) => sub(1, mul(2, cast(equal(expandDims(row, 1), range(0, B)), 'float32'))); // −y [c, B]
    const ofRows = (images: Tensor, row: Tensor, captions: Tensor, s: Tensor, bias: Tensor): Tensor => {
      const logits = add(mul(s, matMul(images, captions, false, true)), bias); // [c, B]
      return sum(softplus(mul(detached(against, row), logits)), 1); // −log σ(x) = softplus(−x)
    };
    const rows = [imageFeatures, range(0, B)] as const;
    const whole = [captionsOf(textFeatures, B), logitScale, logitBias] as const;
    const { chunkSize = B } = options;
    const losses =
      chunkSize >= B ? ofRows(...rows, ...whole) : inRowChunks(ofRows as (...inputs: Tensor[]) => Tensor, rows, whole, chunkSize);
    return reduceLosses('sigmoidLoss', losses, options);
  });
}
