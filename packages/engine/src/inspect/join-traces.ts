import { DeviceError } from '@fsc-clip/core';
import { GraphBuilder } from '../graph/builder.js';
import type { Graph, Node, Value } from '../graph/graph.js';
import { liveNodes } from '../graph/order.js';
import { tensorTypes } from '../onnx/encode.js';
import type { OpenSize } from './free-axes.js';
import { fitSizes, growingConstant, sameConstant } from './growing-constant.js';
import { createSizeVectors, sizeText } from './size-vectors.js';

/** A program for any size of some axes. */
export interface FreeGraph {
  readonly graph: Graph;
  /** The sizes of its inputs and outputs: numbers, and texts for what is open. */
  readonly axes: ReadonlyMap<Value, readonly (number | string)[]>;
}

/**
 * Makes one graph of the traces of one function at several sizes.
 *
 * @param graphs - at the first sizes; one for each of `sizes`, where that is one larger; the last, where all are two larger
 * @throws DeviceError where the traces differ in more than sizes
 */
export function joinTraces(graphs: readonly Graph[], sizes: readonly OpenSize[], integers: 'int32' | 'int64'): FreeGraph {
  const builder = new GraphBuilder();
  const [first] = graphs as [Graph];
  const orders = graphs.map(liveNodes);
  const places = new Map(orders.flatMap((order) => order.map((node, place) => [node, place] as const)));
  const joined = new Map<Value, Value>();
  const axes = new Map<Value, readonly (number | string)[]>();
  const vectors = createSizeVectors(builder, sizes);

  const describe = (name: string, values: readonly Value[]) =>
    values[0]!.shape.map((_, axis) => {
      const fitted = fitSizes(
        values.map(({ shape }) => shape[axis]!),
        sizes,
      );
      return fitted ? sizeText(fitted, sizes) : `${name}_axis_${axis}`; // a product of two: a name of its own
    });

  /** The value that stands for those of all traces. */
  const join = (values: readonly Value[], where: string): Value => {
    const [value] = values as [Value];
    const { source } = value;
    if (source.kind === 'constant' || source.kind === 'splat') return joinConstants(values, where);
    const agree = values.every((other) => {
      if (source.kind === 'input') return other.source.kind === 'input' && other.source.index === source.index;
      return other.source.kind === 'node' && placeOf(other, other.source.node) === placeOf(value, source.node);
    });
    return (agree && joined.get(value)) || refuse(where, value);
  };
  const placeOf = (value: Value, node: Node) => `${places.get(node)} ${node.outputs.indexOf(value)}`;

  const joinConstants = (values: readonly Value[], where: string): Value => {
    const [{ source, shape, dtype }] = values as [Value];
    if (values.every((other) => sameConstant(values[0]!, other))) {
      if (source.kind === 'splat') return builder.splat(source.number, shape, dtype);
      if (source.kind === 'constant') {
        const known = joined.get(values[0]!) ?? builder.constant(source.data, shape, dtype);
        joined.set(values[0]!, known);
        return known;
      }
    }
    const grown = growingConstant(values, sizes);
    if (grown?.kind === 'numbers') return vectors.vector(grown.numbers);
    if (grown?.kind === 'splat')
      return builder.node('Expand', [builder.splat(grown.number, [], dtype), vectors.vector(grown.shape)], shape, dtype);
    if (grown?.kind !== 'range') return refuse(where, values[0]!);
    const range = builder.node('Range', [grown.begin, grown.end, grown.step].map(vectors.scalar), shape, 'int64');
    return builder.node('Cast', [range], shape, dtype, { to: { int: tensorTypes[dtype] } });
  };

  for (const [i, input] of first.inputs.entries()) {
    const dtype = input.dtype === 'int32' ? integers : input.dtype;
    const value = builder.input(input.shape, dtype);
    axes.set(
      value,
      describe(
        `input_${i}`,
        graphs.map(({ inputs }) => inputs[i]!),
      ),
    );
    const taken =
      dtype === input.dtype ? value : builder.node('Cast', [value], input.shape, input.dtype, { to: { int: tensorTypes.int32 } });
    joined.set(input, taken);
  }
  for (const [i, node] of orders[0]!.entries()) {
    const nodes = orders.map((order) => order[i]);
    const where = [node.origin.kernel, ...(node.origin.line ? [`at ${node.origin.line}`] : [])].join(' ');
    const form = formOf(node);
    if (!nodes.every((other) => other && formOf(other) === form)) refuse(where, node.outputs[0]!);
    builder.enter(node.origin);
    const inputs = node.inputs.map((_, at) =>
      join(
        nodes.map((other) => other!.inputs[at]!),
        where,
      ),
    );
    const outputs = builder.nodes(node.op, inputs, node.outputs, node.attributes);
    for (const [at, output] of node.outputs.entries()) joined.set(output, outputs[at]!);
  }
  const outputs = first.outputs.map((_, i) => {
    const values = graphs.map((graph) => graph.outputs[i]!);
    const value = join(values, `result ${i}`);
    axes.set(value, describe(`output_${i}`, values));
    return value;
  });
  return { graph: { inputs: builder.inputs, outputs }, axes };
}

function formOf({ op, inputs, outputs, attributes }: Node): string {
  return JSON.stringify([op, inputs.length, outputs.map(({ dtype, shape }) => [dtype, shape.length]), attributes]);
}

function refuse(where: string, { shape }: Value): never {
  throw new DeviceError({
    function: 'export',
    argument: 'dynamicAxes',
    rule: 'can leave a size open only where shapes and constants grow with it evenly',
    got: `${where}, [${shape.join(', ')}] here`,
    hint: 'Leave that axis out of dynamicAxes, or compute what depends on its size from the tensor itself',
  });
}
