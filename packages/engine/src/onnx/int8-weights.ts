import type { NodeProto } from './onnx_pb.js';
import { TensorProto_DataType as TensorType } from './onnx_pb.js';
import { floatConstants, integerOf, plainNode, type StoredModel, type StoredTensor, withTensors } from './stored-model.js';

interface Matrix {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** What a node becomes. */
interface Quantized {
  readonly constant: string;
  readonly tensors: readonly StoredTensor[];
  readonly nodes: readonly NodeProto[];
}

/**
 * Stores the constant side of matrix products and the tables that rows are gathered from as bytes: a quarter of the file. Products are
 * computed in integers, the other side quantised at every run (`DynamicQuantizeLinear`, `MatMulInteger`), with one scale per column of
 * the weights; a row of a table has a scale of its own. The rest stays float32.
 */
export function int8Weights(stored: StoredModel): StoredModel {
  const floats = floatConstants(stored, TensorType.FLOAT);
  const graph = stored.model.graph!;
  const dynamic = new Set<string>();
  const replaced = new Map<NodeProto, Quantized>();
  for (const node of graph.node) {
    const quantized = quantizedProduct(node, floats, dynamic) ?? quantizedTable(node, floats);
    if (quantized) replaced.set(node, quantized);
  }
  // A constant that something else reads too stays beside its bytes.
  const kept = new Set(graph.node.filter((node) => !replaced.has(node)).flatMap(({ input }) => input));
  const removed = new Set([...replaced.values()].map(({ constant }) => constant).filter((name) => !kept.has(name)));
  const tensors = new Map([...replaced.values()].flatMap((part) => part.tensors.map((tensor) => [tensor.name, tensor] as const)));
  const changed = withTensors(stored, removed, [...tensors.values()]);
  const node = graph.node.flatMap((original) => replaced.get(original)?.nodes ?? [original]);
  return { ...changed, model: { ...changed.model, graph: { ...changed.model.graph!, node } } };
}

/** @param dynamic - the tensors that have been quantised already; it grows */
function quantizedProduct(node: NodeProto, floats: ReadonlyMap<string, Matrix>, dynamic: Set<string>): Quantized | undefined {
  const [left, constant, bias] = node.input;
  const matrix = floats.get(constant ?? '');
  if ((node.opType !== 'MatMul' && node.opType !== 'Gemm') || !matrix || matrix.shape.length !== 2 || floats.has(left!)) return undefined;
  if (integerOf(node, 'transA') === 1) return undefined;
  const transposed = integerOf(node, 'transB') === 1;
  const [rows, columns] = transposed ? matrix.shape.toReversed() : matrix.shape;
  const name = transposed ? `${constant}_transposed` : constant!;
  // Unsigned with 128 in the middle: on processors without VNNI instructions, unsigned times signed saturates.
  const { bytes, scales } = quantize(matrix.data, columns!, rows!, transposed ? 'rows' : 'columns');
  const tensors: StoredTensor[] = [
    { name: `${name}_uint8`, type: TensorType.UINT8, shape: [rows!, columns!], data: bytes },
    { name: `${name}_scales`, type: TensorType.FLOAT, shape: [columns!], data: scales },
    { name: 'uint8_middle', type: TensorType.UINT8, shape: [], data: Uint8Array.of(middle) },
  ];
  const [quantized, scale, zero] = ['uint8', 'scale', 'zero'].map((part) => `${left}_dynamic_${part}`) as [string, string, string];
  const output = node.output[0]!;
  const part = (what: string) => `${output}_${what}`;
  const nodes = [
    ...(dynamic.has(left!) ? [] : [plainNode('DynamicQuantizeLinear', [left!], [quantized, scale, zero])]),
    plainNode('MatMulInteger', [quantized, `${name}_uint8`, zero, 'uint8_middle'], [part('integers')]),
    plainNode('Cast', [part('integers')], [part('counts')], { to: TensorType.FLOAT }),
    plainNode('Mul', [scale, `${name}_scales`], [part('steps')]),
    plainNode('Mul', [part('counts'), part('steps')], [bias ? part('product') : output]),
    ...(bias ? [plainNode('Add', [part('product'), bias], [output])] : []),
  ];
  dynamic.add(left!);
  return { constant: constant!, tensors, nodes };
}

function quantizedTable(node: NodeProto, floats: ReadonlyMap<string, Matrix>): Quantized | undefined {
  const [constant, indices] = node.input as [string, string];
  const matrix = floats.get(constant);
  if (node.opType !== 'Gather' || !matrix || matrix.shape.length !== 2 || integerOf(node, 'axis') !== 0) return undefined;
  const [rows, columns] = matrix.shape as [number, number];
  const { bytes, scales } = quantize(matrix.data, rows, columns, 'table');
  const tensors: StoredTensor[] = [
    { name: `${constant}_rows`, type: TensorType.UINT8, shape: [rows, columns], data: bytes },
    { name: `${constant}_row_scales`, type: TensorType.FLOAT, shape: [rows, 1], data: scales },
    { name: 'float_middle', type: TensorType.FLOAT, shape: [], data: Float32Array.of(middle) },
  ];
  const output = node.output[0]!;
  const part = (what: string) => `${output}_${what}`;
  const nodes = [
    plainNode('Gather', [`${constant}_rows`, indices], [part('bytes')]),
    plainNode('Gather', [`${constant}_row_scales`, indices], [part('scales')]),
    plainNode('Cast', [part('bytes')], [part('numbers')], { to: TensorType.FLOAT }),
    plainNode('Sub', [part('numbers'), 'float_middle'], [part('counts')]),
    plainNode('Mul', [part('counts'), part('scales')], [output]),
  ];
  return { constant, tensors, nodes };
}

const middle = 128;

/**
 * Bytes with one scale for each of `groups` series of `length` numbers: the largest magnitude of a series is 127 steps.
 *
 * @param layout - `rows`: series are rows, and come out as columns; `columns`: columns, and stay so; `table`: rows, and stay so
 */
function quantize(data: Float32Array, groups: number, length: number, layout: 'rows' | 'columns' | 'table') {
  const scales = new Float32Array(groups);
  const from = layout === 'columns' ? (group: number, i: number) => i * groups + group : (group: number, i: number) => group * length + i;
  const to = layout === 'table' ? from : (group: number, i: number) => i * groups + group;
  const bytes = new Uint8Array(data.length);
  for (let group = 0; group < groups; group++) {
    let largest = 0;
    for (let i = 0; i < length; i++) largest = Math.max(largest, Math.abs(data[from(group, i)]!));
    const scale = largest === 0 ? 1 : Math.fround(largest / 127);
    scales[group] = scale;
    for (let i = 0; i < length; i++)
      bytes[to(group, i)] = middle + Math.max(-127, Math.min(127, Math.round(data[from(group, i)]! / scale)));
  }
  return { bytes, scales };
}
