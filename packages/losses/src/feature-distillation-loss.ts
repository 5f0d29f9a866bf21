import { checkShapes } from '@fsc-clip/core';
import { add, square, sub, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Features, TeacherFeatures } from './inputs.js';
import { captionsOf, checkCaptions } from './internal/captions.js';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/**
 * Features stay near a teacher's: `‖I − I′‖² + ‖T − T′‖²` for every image and its caption. DeGLA sums over the batch
 * (`reduction: 'sum'`) and over the negatives too, with an averaged model as teacher (`updateTeacher`).
 *
 * @param output - `imageFeatures` f32 [B, D] and `textFeatures` f32 [N, D], N ≥ B, both L2-normalised; only the first B texts, the
 *   captions, take part
 * @param batch - `teacherImageFeatures` and `teacherTextFeatures` f32 [B, D]
 * @returns f32 []; with `reduction: 'none'` f32 [B]
 * @throws ShapeError, OptionError
 * @see DeGLA, arXiv 2504.16801
 * @example
 * const teacher = { teacherImageFeatures: imageFeatures, teacherTextFeatures: slice(textFeatures, 0, 8) };
 * const loss = featureDistillationLoss(output, teacher);
 */
export function featureDistillationLoss<R extends Reduction = 'mean'>(
  output: Pick<Features, 'imageFeatures' | 'textFeatures'>,
  batch: TeacherFeatures,
  options: ReductionOptions<R> = {},
): Reduced<R> {
  const { imageFeatures, textFeatures } = output;
  const { teacherImageFeatures, teacherTextFeatures } = batch;
  const { B } = checkShapes('featureDistillationLoss', {
    imageFeatures: [imageFeatures, 'B D'],
    textFeatures: [textFeatures, '* D'],
    teacherImageFeatures: [teacherImageFeatures, 'B D'],
    teacherTextFeatures: [teacherTextFeatures, 'B D'],
  });
  checkCaptions('featureDistillationLoss', textFeatures, B);
  const distance = (student: Tensor, teacher: Tensor) => sum(square(sub(student, teacher)), 1); // [B]
  return tidy(() => {
    const losses = add(distance(imageFeatures, teacherImageFeatures), distance(captionsOf(textFeatures, B), teacherTextFeatures));
    return reduceLosses('featureDistillationLoss', losses, options);
  });
}
