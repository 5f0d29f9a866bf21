import { type Batch, type ClipOutput, createKey, randomStream } from '@fsc-clip/core';
import { div, norm, scalar, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';

/** Sizes of a sample, in the letters of `ClipOutput`. */
export interface SampleShape {
  /** @defaultValue 4 */
  readonly B?: number;
  /** @defaultValue 2 */
  readonly K?: number;
  /** @defaultValue 9 */
  readonly P?: number;
  /** @defaultValue 6 */
  readonly T?: number;
  /** @defaultValue 8 */
  readonly D?: number;
}

/**
 * Random arguments for the unit test of a loss: a model's output (unit features, normal tokens, start-of-text masked, texts of random
 * length, scale 10) and the batch's `negativeMask` where about a quarter of the slots is empty. The same seed gives the same numbers.
 *
 * @returns tensors owned by the caller
 * @example
 * const { output, batch } = sampleOutput({ B: 2, K: 1 }, 7);
 * const loss = globalNegativeLoss(output, batch);
 */
export function sampleOutput(
  { B = 4, K = 2, P = 9, T = 6, D = 8 }: SampleShape = {},
  seed = 0,
): { output: ClipOutput<Tensor>; batch: Pick<Batch<Tensor>, 'negativeMask'> } {
  const { normal, integer, uniform } = randomStream(createKey(seed));
  const N = B * (1 + K);
  const normals = (...shape: number[]) =>
    tensor(Float32Array.from({ length: shape.reduce((size, length) => size * length, 1) }, normal), shape);
  const unit = (rows: number) =>
    tidy(() => {
      const vectors = normals(rows, D);
      return div(vectors, norm(vectors, 2, 1, true));
    });
  const lengths = Array.from({ length: N }, () => 1 + integer(Math.max(1, T - 1)));
  return {
    output: {
      imageFeatures: unit(B),
      textFeatures: unit(N),
      imageTokens: normals(B, P, D),
      textTokens: normals(N, T, D),
      textMask: tensor(
        lengths.flatMap((length) => Array.from({ length: T }, (_, t) => Number(t > 0 && t <= length))),
        [N, T],
      ),
      logitScale: scalar(10),
    },
    batch: {
      negativeMask: tensor(
        Array.from({ length: K * B }, () => Number(uniform() < 0.75)),
        [K, B],
      ),
    },
  };
}
