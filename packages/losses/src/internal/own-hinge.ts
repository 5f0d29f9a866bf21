import { add, cast, div, greater, maximum, mul, relu, slice, sub, sum, type Tensor, transpose } from '@tensorflow/tfjs-core';

/**
 * `max(0, margin + score_k − score_0)` of every image, averaged over its negatives that exist.
 *
 * @param scores - [B, 1+K], the caption's first
 * @param margin - a number or [K]
 */
export function ownHinge(scores: Tensor, negativeMask: Tensor, margin: Tensor | number): { losses: Tensor; counted: Tensor } {
  const exists = transpose(negativeMask); // [B, K]
  const [images, slots] = exists.shape as [number, number];
  const gaps = sub(slice(scores, [0, 1], [images, slots]), slice(scores, [0, 0], [images, 1]));
  const existing = sum(exists, 1); // [B]
  const losses = div(sum(mul(relu(add(gaps, margin)), exists), 1), maximum(existing, 1));
  return { losses, counted: cast(greater(existing, 0), 'float32') };
}
