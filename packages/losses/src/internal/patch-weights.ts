import { OptionError } from '@fsc-clip/core';
import {
  abs,
  div,
  fill,
  greater,
  greaterEqual,
  max,
  min,
  mul,
  softmax,
  sub,
  sum,
  type Tensor,
  where,
  zerosLike,
} from '@tensorflow/tfjs-core';

/** How a text position spreads its attention over the patches of an image. */
export interface AlignmentOptions {
  /**
   * `minmax` brings the similarities of a position to [0, 1] and divides by their sum; `softmax` takes their softmax, unscaled.
   * @defaultValue 'minmax'
   */
  readonly normalizer?: 'minmax' | 'softmax';
  /**
   * True leaves out patches whose similarity in [0, 1] is below 1/P. It changes nothing with `softmax`, as in the reference.
   * @defaultValue false
   */
  readonly sparsify?: boolean;
}

/** @throws OptionError when `normalizer` is unknown */
export function checkAlignment(name: string, { normalizer = 'minmax' }: AlignmentOptions): void {
  if (normalizer !== 'minmax' && normalizer !== 'softmax') {
    throw new OptionError({ function: name, argument: 'normalizer', rule: "must be 'minmax' or 'softmax'", got: String(normalizer) });
  }
}

/**
 * Similarities [.., P] to weights [.., P] that sum to 1. Where all patches are equally similar `minmax` is 0/0 (NaN in the
 * reference): the weights are uniform there. "Equally" means up to 1e-6 of the largest, since products of equal vectors can
 * differ in their last bits.
 */
export function patchWeights(similarity: Tensor, { normalizer = 'minmax', sparsify = false }: AlignmentOptions): Tensor {
  if (normalizer === 'softmax') return softmax(similarity);
  const patches = similarity.shape.at(-1)!;
  const lowest = min(similarity, -1, true);
  const range = sub(max(similarity, -1, true), lowest); // [.., 1]
  const distinct = greater(range, mul(max(abs(similarity), -1, true), 1e-6));
  const scaled = div(sub(similarity, lowest), where(distinct, range, 1)); // [.., P], the most similar patch at 1
  const kept = sparsify ? where(greaterEqual(scaled, 1 / patches), scaled, zerosLike(scaled)) : scaled;
  return where(distinct, div(kept, where(distinct, sum(kept, -1, true), 1)), fill([1], 1 / patches));
}
