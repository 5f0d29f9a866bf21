import { sameShape, splatNumber } from '../graph/builder.js';
import type { Node, Value } from '../graph/graph.js';
import type { Pass, Visit } from './rewrite.js';

/**
 * `(x − mean) / √(variance + ε)` over the last axis, however it was written out, becomes ONNX's `LayerNormalization` with its by-products, of
 * which a gradient uses the inverse deviation. Where nobody needs the plain quotient (a forward pass alone), weight and bias go in as well.
 * Its variance is computed as exactly as ours (to 3e-6 at a mean of 100 deviations, where the written-out form is at 7e-6).
 */
export const fuseLayerNorm: Pass = (visit) => {
  switch (visit.node.op) {
    case 'Reciprocal':
      return inverseDeviation(visit);
    case 'Mul':
      return quotient(visit);
    case 'Add':
      return weighted(visit);
    default:
      return undefined;
  }
};

const [normal, , inverse] = [0, 1, 2]; // the operator's outputs; the mean is between

/** `1 / √(mean((x − mean(x))²) + ε)`. */
function inverseDeviation({ g, inputs }: Visit): readonly Value[] | undefined {
  const sum = made(made(inputs[0]!, 'Sqrt')?.inputs[0], 'Add');
  const epsilon = sum?.inputs.map(splatNumber).find((number) => number !== undefined);
  const square = sum?.inputs.map((value) => made(meanOf(value), 'Mul')).find((node) => node !== undefined);
  const centred = square && square.inputs[0] === square.inputs[1] ? square.inputs[0]! : undefined;
  const x = centred && centredArray(centred);
  if (!x || epsilon === undefined || x.dtype !== 'float32') return undefined;
  const column = { shape: [...x.shape.slice(0, -1), 1], dtype: x.dtype };
  const ones = g.splat(1, x.shape.slice(-1), x.dtype);
  const outputs = g.nodes('LayerNormalization', [x, ones], [x, column, column], { axis: { int: -1 }, epsilon: { float: epsilon } });
  return [outputs[inverse]!];
}

/** `(x − mean(x)) · inverse`. */
function quotient({ inputs }: Visit): readonly Value[] | undefined {
  for (const side of [0, 1]) {
    const norm = made(inputs[side]!, 'LayerNormalization');
    const x = norm && inputs[side] === norm.outputs[inverse] && centredArray(inputs[1 - side]!);
    if (x && x === norm.inputs[0]) return [norm.outputs[normal]!];
  }
  return undefined;
}

/** `quotient · weight + bias`, where nobody else reads the quotient. */
function weighted({ g, node, inputs, readers }: Visit): readonly Value[] | undefined {
  for (const side of [0, 1]) {
    const product = made(inputs[side]!, 'Mul');
    const before = made(node.inputs[side]!, 'Mul');
    if (!product || !before || readers(node.inputs[side]!).length !== 1) continue;
    for (const factor of [0, 1]) {
      const norm = made(product.inputs[factor]!, 'LayerNormalization');
      if (!norm || product.inputs[factor] !== norm.outputs[normal] || readers(before.inputs[factor]!).length !== 1) continue;
      const [weight, bias] = [product.inputs[1 - factor]!, inputs[1 - side]!];
      const width = norm.inputs[0]!.shape.slice(-1);
      if (sameShape(weight.shape, width) && sameShape(bias.shape, width))
        return g.nodes('LayerNormalization', [norm.inputs[0]!, weight, bias], node.outputs, norm.attributes);
    }
  }
  return undefined;
}

/** `x` of `x − mean(x)`. */
function centredArray(value: Value): Value | undefined {
  const [x, mean] = made(value, 'Sub')?.inputs ?? [];
  return x && meanOf(mean!) === x ? x : undefined;
}

/** `x` of its mean over the last axis, kept as an axis of one. */
function meanOf(value: Value): Value | undefined {
  const mean = made(value, 'ReduceMean');
  const [x, axes] = mean?.inputs ?? [];
  const overLast = axes?.source.kind === 'constant' && String(axes.source.data) === String(x!.shape.length - 1);
  return overLast && sameShape(value.shape, [...x!.shape.slice(0, -1), 1]) ? x : undefined;
}

function made(value: Value | undefined, op: string): Node | undefined {
  return value?.source.kind === 'node' && value.source.node.op === op ? value.source.node : undefined;
}
