import { checkShapes } from '@fsc-clip/core';
import { add, concat, expandDims, matMul, mul, ones, reshape, slice, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Features, HasNegatives } from './inputs.js';
import { captionsOf } from './internal/captions.js';
import { diagonalCrossEntropy } from './internal/diagonal-cross-entropy.js';
import { pairedCrossEntropy } from './internal/paired-cross-entropy.js';
import { type ChunkOptions, checkChunkSize } from './internal/row-chunks.js';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/**
 * The loss of NegCLIP: CLIP's, where the image-to-text side also sees the hard negatives of the whole batch, B + K·B columns. The
 * text-to-image side has the B captions only. An empty slot is a column of logit 0, which stays in the softmax, as in the reference.
 *
 * @param output - `imageFeatures` f32 [B, D] and `textFeatures` f32 [B + K·B, D] (captions, then negatives type-major), both
 *   L2-normalised; `logitScale` f32 [], already exponentiated
 * @param batch - `negativeMask` f32 [K, B] in {0, 1}
 * @returns f32 []; with `reduction: 'none'` f32 [B], the two cross-entropies of every pair, halved
 * @throws ShapeError, OptionError
 * @see arXiv 2210.01936, composition-aware hard negatives
 * @example
 * const loss = negClipLoss({ imageFeatures, textFeatures, logitScale }, { negativeMask: ones([3, 8]) });
 */
export function negClipLoss<R extends Reduction = 'mean'>(
  output: Features,
  batch: HasNegatives,
  options: ChunkOptions & ReductionOptions<R> = {},
): Reduced<R> {
  const { imageFeatures, textFeatures, logitScale } = output;
  const { negativeMask } = batch;
  const { B, K } = checkShapes('negClipLoss', {
    imageFeatures: [imageFeatures, 'B D'],
    negativeMask: [negativeMask, 'K B'],
    textFeatures: [textFeatures, 'B+K*B D'],
    logitScale: [logitScale, ''],
  });
  checkChunkSize('negClipLoss', options);
  const { chunkSize } = options;
  return tidy(() => {
    const valid = concat([ones([B]), reshape(negativeMask, [K * B])]); // [N]
    const captions = captionsOf(textFeatures, B);
    if (chunkSize !== undefined && chunkSize < B) {
      const texts = mul(textFeatures, expandDims(valid, 1)); // an empty slot: a vector of zeros
      const rows = pairedCrossEntropy(imageFeatures, captions, texts, logitScale, chunkSize);
      const columns = pairedCrossEntropy(captions, imageFeatures, imageFeatures, logitScale, chunkSize);
      return reduceLosses('negClipLoss', mul(0.5, add(rows, columns)), options);
    }
    const logits = mul(logitScale, mul(matMul(imageFeatures, textFeatures, false, true), valid)); // [B, N]
    const perCaption = transpose(slice(logits, [0, 0], [B, B]));
    const losses = mul(0.5, add(diagonalCrossEntropy(logits), diagonalCrossEntropy(perCaption))); // [B]
    return reduceLosses('negClipLoss', losses, options);
  });
}
