import { checkShapes, OptionError, type Params } from '@fsc-clip/core';
import { addN, mul, type Scalar, scalar, square, sub, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';

/** Options of `l2SpLoss`. */
export interface L2SpOptions {
  /** What the weights count that were not pretrained, drawn to 0: the paper's β / α; at least 0. @defaultValue 0 */
  readonly fresh?: number;
}

/**
 * Weights stay near where they started: `½ Σ ‖w − w⁰‖²` over the pretrained weights, plus `fresh · ½ Σ ‖w‖²` over the others. Weights in,
 * scalar out: add it to a loss with a weight of its own (the paper's α).
 *
 * @param params - the weights that are trained
 * @param pretrained - where they started, by the same names; a name that `params` lacks does not count
 * @returns f32 []
 * @throws OptionError, ShapeError when a weight has another shape than before
 * @see L2-SP, arXiv 1802.01483, equation 2
 * @example
 * const penalty = l2SpLoss({ w: tensor1d([1, 3]) }, { w: tensor1d([1, 1]) }); // 2
 */
export function l2SpLoss(params: Params<Tensor>, pretrained: Params<Tensor>, { fresh = 0 }: L2SpOptions = {}): Scalar {
  if (!(fresh >= 0 && fresh < Number.POSITIVE_INFINITY))
    throw new OptionError({ function: 'l2SpLoss', argument: 'fresh', rule: 'must be a finite number of at least 0', got: String(fresh) });
  const names = Object.keys(params);
  for (const name of names.filter((name) => pretrained[name] !== undefined)) {
    checkShapes('l2SpLoss', { [`params.${name}`]: [params[name]!, pretrained[name]!.shape.join(' ')] });
  }
  return tidy(() => {
    const distances = names.flatMap((name) => {
      const start = pretrained[name];
      if (start !== undefined) return [sum(square(sub(params[name]!, start)))];
      return fresh === 0 ? [] : [mul(fresh, sum(square(params[name]!)))];
    });
    return distances.length === 0 ? scalar(0) : mul<Scalar>(0.5, addN(distances));
  });
}
