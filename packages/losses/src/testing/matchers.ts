import type { LossTerms } from '@fsc-clip/core/tensor';
import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import { checkGradients, type GradientCheck, type GradientCheckOptions } from './check-gradients.js';

/** What `expect(loss)` can be asked with `lossMatchers`. */
export interface LossMatchers<Result = void> {
  /** The gradients of the loss by every input agree with finite differences: `checkGradients`. */
  toHaveTrueGradients(inputs: Readonly<Record<string, Tensor>>, options?: GradientCheckOptions): Result;
}

/**
 * Matchers for `expect.extend` of vitest or jest. For the types, once in a test: `declare module 'vitest' { interface Matchers<T>
 * extends LossMatchers<T> {} }`.
 *
 * @example
 * const { pass, message } = lossMatchers.toHaveTrueGradients(clipLoss, { imageFeatures, textFeatures, logitScale });
 * if (!pass) throw new Error(message()); // what expect.extend(lossMatchers) does with it
 */
export const lossMatchers = {
  toHaveTrueGradients(
    loss: (inputs: never) => Scalar | LossTerms,
    inputs: Readonly<Record<string, Tensor>>,
    options?: GradientCheckOptions,
  ): GradientCheck {
    return checkGradients(loss as (inputs: Readonly<Record<string, Tensor>>) => Scalar | LossTerms, inputs, options);
  },
};
