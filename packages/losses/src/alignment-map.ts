import { checkShapes } from '@fsc-clip/core';
import { detached } from '@fsc-clip/core/tensor';
import { expandDims, matMul, mul, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type AlignmentOptions, checkAlignment, patchWeights } from './internal/patch-weights.js';

/**
 * Where in an image each text position looks: the weights over the patches that `localNegativeLoss` gives a text position
 * (steps 1 and 2 of `localScores`), as data to draw. Carries no gradient.
 *
 * @param imageTokens - f32 [P, D] or [B, P, D], not normalised
 * @param textTokens - f32 [T, D] or [B, T, D], text b over image b; not normalised
 * @param textMask - f32 [T] or [B, T]; rows where it is 0 come back as zeros, the others sum to 1
 * @returns f32 [T, P] or [B, T, P]
 * @throws ShapeError, OptionError
 * @example
 * const maps = alignmentMap(imageTokens, slice(textTokens, 0, 8), slice(textMask, 0, 8)); // of 8 captions, [8, T, P]
 */
export function alignmentMap(imageTokens: Tensor, textTokens: Tensor, textMask: Tensor, options: AlignmentOptions = {}): Tensor {
  const batch = imageTokens.shape.length === 3 ? 'B ' : '';
  checkShapes('alignmentMap', {
    imageTokens: [imageTokens, `${batch}P D`],
    textTokens: [textTokens, `${batch}T D`],
    textMask: [textMask, `${batch}T`],
  });
  checkAlignment('alignmentMap', options);
  const weights = (images: Tensor, texts: Tensor, mask: Tensor) =>
    mul(patchWeights(matMul(texts, images, false, true), options), expandDims(mask, -1));
  return tidy(() => detached(weights, imageTokens, textTokens, textMask));
}
