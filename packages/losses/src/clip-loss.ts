import { checkShapes } from '@fsc-clip/core';
import { add, matMul, mul, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Features } from './inputs.js';
import { captionsOf, checkCaptions } from './internal/captions.js';
import { diagonalCrossEntropy } from './internal/diagonal-cross-entropy.js';
import { pairedCrossEntropy } from './internal/paired-cross-entropy.js';
import { type ChunkOptions, checkChunkSize } from './internal/row-chunks.js';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/**
 * The symmetric contrastive loss of CLIP: with `Z = s · I · Tᵀ` [B, B], the mean of the cross-entropies of its rows (image to text)
 * and of its columns (text to image), labels on the diagonal.
 *
 * @param output - `imageFeatures` f32 [B, D] and `textFeatures` f32 [N, D], N ≥ B, both L2-normalised; only the first B texts, the
 *   captions, take part. `logitScale` f32 [], already exponentiated
 * @param _batch - not used; there so that every loss is called alike
 * @returns f32 []; with `reduction: 'none'` f32 [B], the two cross-entropies of every pair, halved
 * @throws ShapeError, OptionError
 * @see arXiv 2103.00020, figure 3
 * @example
 * const loss = clipLoss({ imageFeatures: eye(2), textFeatures: eye(2), logitScale: scalar(1) }); // log(1 + e^-1)
 */
export function clipLoss<R extends Reduction = 'mean'>(
  output: Features,
  _batch?: unknown,
  options: ChunkOptions & ReductionOptions<R> = {},
): Reduced<R> {
  const { imageFeatures, textFeatures, logitScale } = output;
  const { B } = checkShapes('clipLoss', {
    imageFeatures: [imageFeatures, 'B D'],
    textFeatures: [textFeatures, '* D'],
    logitScale: [logitScale, ''],
  });
  checkCaptions('clipLoss', textFeatures, B);
  checkChunkSize('clipLoss', options);
  const { chunkSize } = options;
  return tidy(() => {
    const captions = captionsOf(textFeatures, B);
    if (chunkSize !== undefined && chunkSize < B) {
      const rows = pairedCrossEntropy(imageFeatures, captions, captions, logitScale, chunkSize);
      const columns = pairedCrossEntropy(captions, imageFeatures, imageFeatures, logitScale, chunkSize);
      return reduceLosses('clipLoss', mul(0.5, add(rows, columns)), options);
    }
    const logits = mul(logitScale, matMul(imageFeatures, captions, false, true)); // [B, B]
    const losses = mul(0.5, add(diagonalCrossEntropy(logits), diagonalCrossEntropy(transpose(logits)))); // [B]
    return reduceLosses('clipLoss', losses, options);
  });
}
