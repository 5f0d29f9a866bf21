import { checkShapes, ShapeError } from '@fsc-clip/core';
import { detached } from '@fsc-clip/core/tensor';
import {
  greater,
  logSumExp,
  matMul,
  max,
  mul,
  reshape,
  square,
  sum,
  type Tensor,
  type Tensor2D,
  tidy,
  transpose,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';
import type { DenseTokens } from './inputs.js';
import { type AlignmentOptions, checkAlignment, patchWeights } from './internal/patch-weights.js';
import { inverseLength, pooledCosines } from './internal/pooled-cosines.js';

/**
 * How well the words of each text find their patches in its image. For one image and one text:
 *
 * 1. `a[t,p] = textTokens[t] · imageTokens[p]`,
 * 2. weights `w[t,·]` over the patches from `a[t,·]` (`AlignmentOptions`), taken as constants: no gradient flows through them,
 * 3. the aggregated patch of a text position `v[t] = Σ_p w[t,p] imageTokens[p]`,
 * 4. `score = log Σ_t exp(s · cos(v[t], textTokens[t]))` over the unmasked positions t.
 *
 * `v` [B·(1+K), T, D] is never built (`|v|² = w G wᵀ` with the products G of the patches among themselves): the largest temporary is as
 * large as the text tokens.
 *
 * A position whose text token or aggregated patch is zero has cosine 0; a text without any unmasked position has score 0 (−Infinity
 * in the reference).
 *
 * @param output - `imageTokens` f32 [B, P, D]; `textTokens` f32 [M·B, T, D], type-major: text m·B + b belongs to image b; neither
 *   normalised. `textMask` f32 [M·B, T] in {0, 1}; `logitScale` f32 [], already exponentiated
 * @returns f32 [B, M]; column 0 is the caption's
 * @throws ShapeError, OptionError
 * @see arXiv 2410.05210, local hard negative loss
 * @example
 * const scores = localScores({ imageTokens, textTokens, textMask, logitScale }); // [B, 1+K]
 */
export function localScores(output: DenseTokens, options: AlignmentOptions = {}): Tensor2D {
  const { imageTokens, textTokens, textMask, logitScale } = output;
  const { B, N, T, D } = checkShapes('localScores', {
    imageTokens: [imageTokens, 'B P D'],
    textTokens: [textTokens, 'N T D'],
    textMask: [textMask, 'N T'],
    logitScale: [logitScale, ''],
  });
  if (N % B !== 0) {
    const rule = `must hold a multiple of B = ${B} texts, as \`imageTokens\` has images`;
    throw new ShapeError({ function: 'localScores', argument: 'textTokens', rule, got: `[${textTokens.shape.join(', ')}]` });
  }
  checkAlignment('localScores', options);
  const M = N / B;
  return tidy(() => {
    // one matrix product per image: its texts one below the other
    const texts = reshape(transpose(reshape(textTokens, [M, B, T, D]), [1, 0, 2, 3]), [B, M * T, D]);
    const mask = transpose(reshape(textMask, [M, B, T]), [1, 0, 2]); // [B, M, T]
    const cosines = reshape(aggregatedCosines(imageTokens, texts, options), [B, M, T]);
    const open = greater(mask, 0);
    const logits = where(open, mul(logitScale, cosines), -1e30); // finite, so that a fully masked text has no Infinity − Infinity
    const scores = logSumExp(logits, -1); // [B, M]
    return where(greater(max(mask, -1), 0), scores, zerosLike(scores)) as Tensor2D;
  });
}

/** Steps 1 to 3 and the cosine of step 4: image tokens [B, P, D], texts [B, L, D] to [B, L]. */
function aggregatedCosines(imageTokens: Tensor, texts: Tensor, options: AlignmentOptions): Tensor {
  const similarity = matMul(texts, imageTokens, false, true); // [B, L, P]
  const weights = detached((a: Tensor) => patchWeights(a, options), similarity);
  return mul(pooledCosines(similarity, weights, imageTokens), inverseLength(sum(square(texts), -1)));
}
