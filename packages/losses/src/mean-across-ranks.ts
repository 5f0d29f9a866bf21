import { checkShapes } from '@fsc-clip/core';
import { div, greater, max, maximum, mul, reshape, type Scalar, sum, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { HasNegatives } from './inputs.js';
import { checkRanks, type RankOptions } from './ranks.js';

/**
 * The mean over all images *of all ranks* that have a negative, for a loss that takes one image at a time (`globalNegativeLoss`,
 * `localNegativeLoss`): a mean per rank would weigh an image by how few such images its rank has. No features need to be gathered,
 * only the masks.
 *
 * @param loss - with the option `reduction`
 * @returns a loss over this rank's `output` and `batch`, with `batch.gathered.negativeMask` f32 [size · K, B] (`allGather`); its value
 *   and its gradient are those of the whole batch once they are averaged over the ranks
 * @throws OptionError, ShapeError
 * @example
 * const loss = meanAcrossRanks(globalNegativeLoss, { rank: 0, size: 1 }); // or a Collective of @fsc-clip/distributed
 * const value = loss(output, { negativeMask, gathered: { negativeMask } });
 */
export function meanAcrossRanks<Output, Batch extends HasNegatives>(
  loss: (output: Output, batch: Batch, options: { readonly reduction: 'sum' }) => Scalar,
  { rank, size }: Pick<RankOptions, 'rank' | 'size'>,
): (output: Output, batch: Batch & { readonly gathered: { readonly negativeMask: Tensor } }) => Scalar {
  checkRanks('meanAcrossRanks', { rank, size });
  return (output, batch) => {
    const { negativeMask } = batch;
    const [slots, images] = negativeMask.shape as [number, number];
    checkShapes('meanAcrossRanks', { 'gathered.negativeMask': [batch.gathered.negativeMask, `${size * slots} ${images}`] });
    return tidy(() => {
      const filled = max(reshape(batch.gathered.negativeMask, [size, slots, images]), 1); // [size, B]
      const counted = maximum(sum(greater(filled, 0)), 1);
      return mul<Scalar>(loss(output, batch, { reduction: 'sum' }), div(size, counted));
    });
  };
}
