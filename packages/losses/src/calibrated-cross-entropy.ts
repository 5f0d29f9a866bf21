import { checkShapes, OptionError } from '@fsc-clip/core';
import {
  add,
  cast,
  concat,
  div,
  exp,
  greater,
  greaterEqual,
  logSoftmax,
  mul,
  neg,
  ones,
  pow,
  sub,
  sum,
  type Tensor,
  tidy,
  where,
  zeros,
} from '@tensorflow/tfjs-core';
import { type Reduced, type Reduction, type ReductionOptions, reduceLosses } from './reduction.js';

/** How hard a hard-negative loss pulls: the paper's selective calibrated regularisation. 0 and 0 give cross-entropy. */
export interface CalibrationOptions {
  /** Focus γ ≥ 0 on what is not yet right: every class is weighted by `(1 − p)^γ`. @defaultValue 2 */
  readonly focalGamma?: number;
  /** Label mass ε in [0, 1) that is spread evenly over the caption and its existing negatives. @defaultValue 0.02 */
  readonly labelSmoothing?: number;
}

/**
 * Cross-entropy with focal weights and label smoothing over the classes that exist; class 0 is right.
 *
 * With `p = softmax(logits)` over all classes and n the number of existing ones, a row's loss is
 * `Σ_c label_c · (1 − p_c)^γ · (−log p_c)`, `label_0 = 1 − ε + ε/n`, `label_c = ε/n` where class c exists, else 0. A class that
 * does not exist stays in the softmax, as in the reference. Rows where only class 0 exists leave the mean; when none is left the loss
 * is 0 (NaN in the reference). Gradients are finite also where a probability rounds to 1 (NaN in the reference for γ < 1).
 *
 * @param logits - f32 [B, C]
 * @param valid - f32 [B, C] in {0, 1}: which classes exist; column 0 is 1
 * @returns f32 []: the mean over rows with at least two classes; with `reduction: 'none'` f32 [B]
 * @throws ShapeError, OptionError
 * @see arXiv 2410.05210, selective calibrated regularization (SCR)
 * @example
 * const loss = calibratedCrossEntropy(tensor2d([[2, 1, 0]]), ones([1, 3]), { focalGamma: 2, labelSmoothing: 0.02 });
 */
export function calibratedCrossEntropy<R extends Reduction = 'mean'>(
  logits: Tensor,
  valid: Tensor,
  options: CalibrationOptions & ReductionOptions<R> = {},
): Reduced<R> {
  const { C } = checkShapes('calibratedCrossEntropy', { logits: [logits, 'B C'], valid: [valid, 'B C'] });
  const { focalGamma = 2, labelSmoothing = 0.02 } = options;
  checkCalibration('calibratedCrossEntropy', options);
  return tidy(() => {
    const classes = sum(valid, 1, true); // [B, 1]
    const right = concat([ones([1]), zeros([C - 1])]); // [C]
    const labels = add(mul(right, 1 - labelSmoothing), mul(valid, div(labelSmoothing, classes))); // [B, C]
    const logProbabilities = logSoftmax(logits);
    const surprise = neg(mul(labels, logProbabilities));
    const losses = focalGamma === 0 ? surprise : mul(focalWeights(logProbabilities, focalGamma), surprise); // [B, C]
    const counted = cast(greater(sum(valid, 1), 1), 'float32'); // [B]
    return reduceLosses('calibratedCrossEntropy', mul(sum(losses, 1), counted), options, counted);
  });
}

/** @throws OptionError when an option is out of its range */
export function checkCalibration(name: string, { focalGamma = 2, labelSmoothing = 0.02 }: CalibrationOptions): void {
  if (!(focalGamma >= 0 && focalGamma < Number.POSITIVE_INFINITY)) {
    throw new OptionError({
      function: name,
      argument: 'focalGamma',
      rule: 'must be a finite number of at least 0',
      got: String(focalGamma),
    });
  }
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw new OptionError({ function: name, argument: 'labelSmoothing', rule: 'must be in [0, 1)', got: String(labelSmoothing) });
  }
}

/** `(1 − p)^γ`; where p rounds to 1 it is 0 with gradient 0, the limit of the whole loss there: the power's own gradient is infinite. */
function focalWeights(logProbabilities: Tensor, gamma: number): Tensor {
  const wrong = sub(1, exp(logProbabilities));
  const open = greaterEqual(wrong, 1e-8); // float32's smallest 1 − p > 0 is 6e-8; `greater` has no gradient in tfjs, `greaterEqual` has zero
  return mul(pow(where(open, wrong, 1), gamma), cast(open, 'float32'));
}
