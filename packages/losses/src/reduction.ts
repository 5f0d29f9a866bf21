import { OptionError } from '@fsc-clip/core';
import { div, maximum, type Scalar, sum, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core';

/** What becomes of a loss's values per image: their mean, their sum, or the values themselves, [B]. */
export type Reduction = 'mean' | 'sum' | 'none';

/** The result of a loss under a reduction: f32 [B] with `none`, else f32 []. */
export type Reduced<R extends Reduction> = R extends 'none' ? Tensor1D : Scalar;

/** The option that every loss over a batch has. */
export interface ReductionOptions<R extends Reduction = Reduction> {
  /**
   * `mean` over the images that count (each loss says which), their `sum`, or `none`: one value per image, 0 for one that does not count,
   * for mining hard examples or weighting them.
   * @defaultValue 'mean'
   */
  readonly reduction?: R;
}

/**
 * Losses [B] as the caller wants them. `counted` [B] in {0, 1} says which images the mean is over, all without it; where none counts
 * the mean is 0.
 *
 * @throws OptionError when `reduction` is unknown
 */
export function reduceLosses<R extends Reduction = 'mean'>(
  name: string,
  losses: Tensor,
  { reduction = 'mean' as R }: ReductionOptions<R>,
  counted?: Tensor,
): Reduced<R> {
  const total = () => sum<Scalar>(losses);
  const reductions: Readonly<Record<Reduction, () => Tensor>> = {
    mean: () => div(total(), counted === undefined ? losses.size : maximum(sum(counted), 1)),
    sum: total,
    none: () => losses,
  };
  if (!Object.hasOwn(reductions, reduction)) {
    throw new OptionError({ function: name, argument: 'reduction', rule: "must be 'mean', 'sum' or 'none'", got: String(reduction) });
  }
  return reductions[reduction]() as Reduced<R>;
}
