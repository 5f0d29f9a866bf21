import { checkShapes } from '@fsc-clip/core';
import { add, logSoftmax, matMul, mul, neg, softmax, sum, type Tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import type { Features, TeacherFeatures } from './inputs.js';
import { captionsOf, checkCaptions } from './internal/captions.js';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/**
 * The batch's similarities stay like a teacher's: the mean of the cross-entropies between the softmaxes of `s′ · I′ · T′ᵀ` (teacher) and of
 * `s · I · Tᵀ`, over the rows and over the columns. The teacher may have another width.
 *
 * @param output - `imageFeatures` f32 [B, D] and `textFeatures` f32 [N, D], N ≥ B, both L2-normalised; only the first B texts, the
 *   captions, take part. `logitScale` f32 [], already exponentiated
 * @param batch - `teacherImageFeatures` and `teacherTextFeatures` f32 [B, D′], `teacherLogitScale` f32 [], already exponentiated
 * @returns f32 []; with `reduction: 'none'` f32 [B], row and column of every pair, halved
 * @throws ShapeError, OptionError
 * @see open_clip `--distill-model`
 * @example
 * const teacher = { teacherImageFeatures: imageFeatures, teacherTextFeatures: slice(textFeatures, 0, 8), teacherLogitScale: scalar(100) };
 * const loss = similarityDistillationLoss(output, teacher);
 */
export function similarityDistillationLoss<R extends Reduction = 'mean'>(
  output: Features,
  batch: TeacherFeatures & { readonly teacherLogitScale: Tensor },
  options: ReductionOptions<R> = {},
): Reduced<R> {
  const { imageFeatures, textFeatures, logitScale } = output;
  const { teacherImageFeatures, teacherTextFeatures, teacherLogitScale } = batch;
  const { B } = checkShapes('similarityDistillationLoss', {
    imageFeatures: [imageFeatures, 'B D'],
    textFeatures: [textFeatures, '* D'],
    logitScale: [logitScale, ''],
    teacherImageFeatures: [teacherImageFeatures, 'B E'],
    teacherTextFeatures: [teacherTextFeatures, 'B E'],
    teacherLogitScale: [teacherLogitScale, ''],
  });
  checkCaptions('similarityDistillationLoss', textFeatures, B);
  const crossEntropy = (teacher: Tensor, student: Tensor) => neg(sum(mul(softmax(teacher), logSoftmax(student)), 1)); // [B]
  return tidy(() => {
    const student = mul(logitScale, matMul(imageFeatures, captionsOf(textFeatures, B), false, true)); // [B, B]
    const teacher = mul(teacherLogitScale, matMul(teacherImageFeatures, teacherTextFeatures, false, true));
    const losses = mul(0.5, add(crossEntropy(teacher, student), crossEntropy(transpose(teacher), transpose(student))));
    return reduceLosses('similarityDistillationLoss', losses, options);
  });
}
