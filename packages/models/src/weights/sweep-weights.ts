import { OptionError, type Params } from '@fsc-clip/core';
import { disposeParams } from '@fsc-clip/core/tensor';
import type { Tensor } from '@tensorflow/tfjs-core';
import { type InterpolateOptions, interpolateWeights } from './interpolate-weights.js';

/** Options of `sweepWeights`. */
export interface SweepOptions extends InterpolateOptions {
  /** Which alphas, in this order, each in [0, 1]. @defaultValue 0, 0.1, … 1 */
  readonly alphas?: readonly number[];
}

/** One point of a sweep. */
export interface SweepPoint {
  readonly alpha: number;
  /** `interpolateWeights` at alpha. They live until the next point is asked for or the loop is left. */
  readonly params: Params<Tensor>;
}

/**
 * WiSE-FT's curve: the weights at several alphas, one after the other, from two sets of weights that stay as they are. At no time is there more than one
 * set of weights beside those two.
 *
 * @throws OptionError for an alpha outside [0, 1]; WeightsError and ShapeError as `interpolateWeights`
 * @example
 * for (const { alpha, params } of sweepWeights(pretrained, finetuned, { alphas: [0, 0.5, 1] })) console.log(alpha, await score(params));
 */
export function* sweepWeights(
  pretrained: Params<Tensor>,
  finetuned: Params<Tensor>,
  { alphas = tenths, ...options }: SweepOptions = {},
): Generator<SweepPoint, void, undefined> {
  const outside = alphas.find((alpha) => !(alpha >= 0 && alpha <= 1));
  if (outside !== undefined) {
    throw new OptionError({ function: 'sweepWeights', argument: 'alphas', rule: 'must be in [0, 1]', got: String(outside) });
  }
  for (const alpha of alphas) {
    const params = interpolateWeights(pretrained, finetuned, alpha, options);
    try {
      yield { alpha, params };
    } finally {
      disposeParams(params);
    }
  }
}

const tenths: readonly number[] = Array.from({ length: 11 }, (_, i) => i / 10);
