import { add, clone, div, minimum, mul, type Scalar, scalar, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { OptionError, WeightsError } from '../errors.js';
import type { Params } from '../types.js';
import { mapParams } from './params.js';

/** Averaged weights. */
export interface EmaState {
  /** f32 scalar: updates done. */
  readonly step: Scalar;
  /** The average, under the names of the weights. */
  readonly average: Params<Tensor>;
}

/** An exponential moving average as two pure functions: state in, state out, all of it tensors. */
export interface Ema {
  /** The weights themselves, copied. */
  init(params: Params<Tensor>): EmaState;
  /** @throws WeightsError when an averaged weight is missing */
  update(state: EmaState, params: Params<Tensor>): EmaState;
}

/** Options of `ema`. */
export interface EmaOptions {
  /** Share of the old average that is kept by an update, in [0, 1). @defaultValue 0.9999 */
  readonly decay?: number;
  /**
   * Begin with a smaller decay, `min(decay, (1 + step) / (10 + step))` with `step` counted from 0, so that the first weights are soon forgotten
   * (TensorFlow's `ExponentialMovingAverage`, diffusers' `EMAModel`). @defaultValue true
   */
  readonly warmup?: boolean;
}

/**
 * Exponential moving average of weights: `a ← a + (1 − decay) (p − a)` for every weight, after each step of an optimizer. Under `jit` with the
 * state donated it is updated in place, in the kernel that updates the weight.
 *
 * @throws OptionError when `decay` is out of its range
 * @example
 * const averaging = ema({ decay: 0.999 });
 * let average = averaging.init(trainable);
 * // after each step
 * average = averaging.update(average, trainable);
 * model.apply(mergeParams(average.average, frozen), input);
 */
export function ema({ decay = 0.9999, warmup = true }: EmaOptions = {}): Ema {
  if (!(decay >= 0 && decay < 1)) {
    throw new OptionError({ function: 'ema', argument: 'decay', rule: 'must be in [0, 1)', got: String(decay) });
  }
  return {
    init: (params) => ({ step: scalar(0), average: mapParams(params, (p) => clone(p)) }),
    update: ({ step, average }, params) =>
      tidy(() => {
        const kept = warmup ? minimum(decay, div(add(1, step), add(10, step))) : decay;
        const share = sub(1, kept);
        return {
          step: add(step, 1) as Scalar,
          average: mapParams(average, (a, name) => {
            const p = params[name];
            if (!p)
              throw new WeightsError({ function: 'ema.update', argument: name, rule: 'must be among the weights', got: 'no such weight' });
            return add(a, mul(share, sub(p, a)));
          }),
        };
      }),
  };
}
