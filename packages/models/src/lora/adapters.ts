import { matMul, mul, type Rank, reshape, type ShapeMap, type Tensor, type Tensor2D } from '@tensorflow/tfjs-core';

/** The names of a weight's two adapters, in the reference's layout: `x.weight` has `x.lora_A`, `in_proj_weight` has `in_proj_weight_lora_A`. */
export function adapterNames(weight: string): readonly [a: string, b: string] {
  const stem = weight.endsWith('.weight') ? weight.slice(0, -'weight'.length) : `${weight}_`;
  return [`${stem}lora_A`, `${stem}lora_B`];
}

/** The name of an adapter's weight. */
export function weightOfAdapter(adapter: string): string {
  return adapter.replace(/(\.|_)lora_[AB]$/, (_, separator: string) => (separator === '.' ? '.weight' : ''));
}

/** Rows and columns. */
export type MatrixShape = readonly [rows: number, columns: number];

/** Shapes of A and B beside a matrix [out, in] or the patch embedding [w, 3, p, p]. */
export function adapterShapes(weightShape: readonly number[], rank: number): readonly [a: MatrixShape, b: MatrixShape] {
  const [out, into, patch = 1] = weightShape as [number, number, number?];
  return [
    [rank * patch, into * patch],
    [out * patch, rank * patch],
  ];
}

/** Rank of an adapter, from its A: [rank, in] beside a matrix, [rank · p, 3 p] beside the patch embedding [w, 3, p, p]. */
export function adapterRank(weightShape: readonly number[], aShape: readonly number[]): number {
  return aShape[0]! / (weightShape[3] ?? 1);
}

/**
 * What adapters add to a weight: `scaling(rank) · B A`. The reference views the patch embedding's product [w·p, 3p] as [w, 3, p, p]: the
 * numbers in order, not channel by channel.
 *
 * @returns the weight's shape
 */
export function adapterDelta<R extends Rank>(
  weightShape: ShapeMap[R],
  a: Tensor2D,
  b: Tensor2D,
  scaling: (rank: number) => number,
): Tensor<R> {
  return mul<Tensor<R>>(reshape<R>(matMul(b, a), weightShape), scaling(adapterRank(weightShape, a.shape)));
}

/**
 * Whether a name is an adapter's: the reference trains these and freezes the rest.
 *
 * @example
 * const [trainable, frozen] = partitionParams(addLora(key, params, { rank: 4 }), isLora);
 */
export function isLora(name: string): boolean {
  return name.includes('lora_');
}
