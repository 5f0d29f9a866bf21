import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';
import { numberLike, prelu, unary } from './elementwise.js';
import { unsupported } from './rule.js';

/** What tfjs's fused kernels do to their result. */
export interface FusedAttributes {
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
}

/** The activation of a fused kernel. */
export function activate(g: GraphBuilder, x: Value, { activation = 'linear', leakyreluAlpha }: FusedAttributes, weights?: Value): Value {
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return unary(g, 'Relu', x);
    case 'relu6':
      return g.node('Clip', [x, numberLike(g, 0, x), numberLike(g, 6, x)], x.shape, x.dtype);
    case 'elu':
      return unary(g, 'Elu', x);
    case 'sigmoid':
      return unary(g, 'Sigmoid', x);
    case 'leakyrelu':
      return unary(g, 'LeakyRelu', x, { alpha: { float: leakyreluAlpha ?? 0.2 } });
    case 'prelu':
      return weights ? prelu(g, x, weights) : unsupported('a fused operation', 'prelu without its weights');
    default:
      return unsupported('a fused operation', `the activation ${activation}`);
  }
}
