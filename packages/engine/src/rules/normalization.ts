import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { arithmetic, binary, numberLike, unary } from './elementwise.js';
import { matMul } from './matmul.js';
import type { Rule } from './rule.js';

interface LrnAttributes {
  readonly depthRadius: number;
  readonly bias: number;
  readonly alpha: number;
  readonly beta: number;
}

/** Sums over the neighbours of each channel: a product with a band of ones. */
function overNeighbours(g: GraphBuilder, x: Value, radius: number): Value {
  const channels = x.shape.at(-1)!;
  const band = Float32Array.from({ length: channels * channels }, (_, i) =>
    Number(Math.abs((i % channels) - Math.floor(i / channels)) <= radius),
  );
  return matMul(g, x, g.constant(band, [channels, channels], 'float32'), { transposeA: false, transposeB: false });
}

/** `bias + alpha · Σ x²` over the neighbouring channels. */
function energy(g: GraphBuilder, x: Value, { depthRadius, bias, alpha }: LrnAttributes): Value {
  const sums = overNeighbours(g, binary(g, 'Mul', x, x), depthRadius);
  return arithmetic(g, 'Add', arithmetic(g, 'Mul', sums, numberLike(g, alpha, x)), numberLike(g, bias, x));
}

/** Batch normalisation with given moments, and local response normalisation. */
export const normalizationRules: Record<string, Rule> = {
  FusedBatchNorm: (g, { x, mean, variance, offset, scale }, { varianceEpsilon = 0.001 }: { varianceEpsilon?: number }) => {
    const deviation = unary(g, 'Sqrt', arithmetic(g, 'Add', variance!, numberLike(g, varianceEpsilon, x!)));
    const inverse = unary(g, 'Reciprocal', deviation);
    const factor = scale ? arithmetic(g, 'Mul', scale, inverse) : inverse;
    const scaled = arithmetic(g, 'Mul', arithmetic(g, 'Sub', x!, mean!), factor);
    return offset ? arithmetic(g, 'Add', scaled, offset) : scaled;
  },
  LRN: (g, { x }, attributes: LrnAttributes) =>
    binary(g, 'Mul', x!, binary(g, 'Pow', energy(g, x!, attributes), numberLike(g, -attributes.beta, x!))),
  LRNGrad: (g, { x, y, dy }, attributes: LrnAttributes) => {
    const { alpha, beta, depthRadius } = attributes;
    const norm = energy(g, x!, attributes);
    const direct = binary(g, 'Mul', dy!, binary(g, 'Pow', norm, numberLike(g, -beta, x!)));
    const shared = overNeighbours(g, binary(g, 'Div', binary(g, 'Mul', dy!, y!), norm), depthRadius);
    return arithmetic(g, 'Sub', direct, binary(g, 'Mul', arithmetic(g, 'Mul', x!, numberLike(g, 2 * alpha * beta, x!)), shared));
  },
};
