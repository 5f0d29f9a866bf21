import { checkShapes, type HostArray } from '@fsc-clip/core';
import { type ClassificationScore, classificationScore } from './classification-score.js';
import { similarities } from './similarities.js';

/**
 * One vector per class from its prompts: each prompt's embedding is normalised, their mean is normalised again.
 *
 * @param promptFeatures - f32 [C, M, D]: M prompts ("a photo of a {}.", …) for each of C classes; any length but zero
 * @returns f32 [C, D], unit length
 * @throws ShapeError when `promptFeatures` is not [C, M, D]
 * Source: Radford et al., "Learning Transferable Visual Models From Natural Language Supervision", section 3.1.4.
 * @example
 * const classes = classVectors({ data: Float32Array.of(3, 0, 0, 2), shape: [1, 2, 2] }); // [[0.7071, 0.7071]]
 */
export function classVectors(promptFeatures: HostArray<Float32Array>): HostArray<Float32Array> {
  const { C, M, D } = checkShapes('classVectors', { promptFeatures: [promptFeatures, 'C M D'] });
  const data = new Float32Array(C * D);
  for (let c = 0; c < C; c++) {
    const sum = new Float64Array(D);
    for (let m = 0; m < M; m++) {
      const prompt = promptFeatures.data.subarray((c * M + m) * D, (c * M + m + 1) * D);
      const length = Math.hypot(...prompt);
      for (let d = 0; d < D; d++) sum[d]! += prompt[d]! / length;
    }
    const length = Math.hypot(...sum);
    for (let d = 0; d < D; d++) data[c * D + d] = sum[d]! / length;
  }
  return { data, shape: [C, D] };
}

/**
 * Zero-shot classification: every image gets the class whose vector is nearest.
 *
 * @param imageFeatures - f32 [I, D], unit length
 * @param classes - f32 [C, D], unit length, from `classVectors`
 * @param labels - the class of every image: integers in [0, C)
 * @throws ShapeError when the shapes do not fit
 * @throws DataError when a label is out of range or there is no image
 * @example
 * const { top1, top5 } = zeroShot(imageFeatures, classVectors(promptFeatures), labels);
 */
export function zeroShot(
  imageFeatures: HostArray<Float32Array>,
  classes: HostArray<Float32Array>,
  labels: ArrayLike<number>,
): ClassificationScore {
  checkShapes('zeroShot', { imageFeatures: [imageFeatures, 'I D'], classes: [classes, 'C D'] });
  return classificationScore(similarities(imageFeatures, classes), labels);
}

/**
 * The probability of every class for every image, `softmax(scale · cos)` over classes. Accuracy does not need it; ROC-AUC and average
 * precision do, since they compare the same class between images.
 *
 * @param cosines - f32 [I, C], from `similarities`
 * @param scale - the logit scale, already exponentiated
 * @defaultValue scale 100, as in ELEVATER and CLIP
 * @returns f32 [I, C], rows sum to 1
 * @throws ShapeError when `cosines` is no matrix
 * @example
 * const unsafe = classProbabilities(similarities(imageFeatures, classes)); // column 1 goes to rocAuc
 */
export function classProbabilities(cosines: HostArray<Float32Array>, scale = 100): HostArray<Float32Array> {
  const { I, C } = checkShapes('classProbabilities', { cosines: [cosines, 'I C'] });
  const data = new Float32Array(I * C);
  for (let i = 0; i < I; i++) {
    const row = cosines.data.subarray(i * C, (i + 1) * C);
    const highest = row.reduce((max, cosine) => Math.max(max, cosine), Number.NEGATIVE_INFINITY);
    const exponentials = Float64Array.from(row, (cosine) => Math.exp(scale * (cosine - highest)));
    const sum = exponentials.reduce((total, value) => total + value, 0);
    for (let c = 0; c < C; c++) data[i * C + c] = exponentials[c]! / sum;
  }
  return { data, shape: [I, C] };
}
