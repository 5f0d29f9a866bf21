import { create, toBinary } from '@bufbuild/protobuf';
import type { Attribute, Attributes, ConstantData, ElementType, Graph, Node, Value } from '../graph/graph.js';
import { sizeOf } from '../graph/graph.js';
import { liveNodes } from '../graph/order.js';
import { factorOf } from '../graph/product.js';
import { halfNumbers } from '../precision/half.js';
import { arena, arenaInfo, arenaNodes } from './arena-opener.js';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorProto_DataType as TensorType,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.js';
import { operatorOf, transposedSides } from './operators.js';
import { sentinelInfo, sentinelNode } from './sentinel.js';

/** A program for onnxruntime. */
export interface EncodedProgram {
  readonly model: Uint8Array;
  /** Constants that the model names as external data: a protobuf ends at 2 GB, and what is not in it is not copied into it. */
  readonly constants: readonly ExternalConstant[];
  /** Which of the graph's inputs the program takes (unused ones are left out), by name. */
  readonly inputs: readonly { readonly name: string; readonly index: number }[];
  /** One name per output of the graph, in order. */
  readonly outputs: readonly string[];
}

/** A constant beside the model, under the name that its tensor has there. */
export interface ExternalConstant {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Its shape where the model takes it as an input of float32 numbers, to be fed to every run. */
  readonly fedShape?: readonly number[];
}

/** How a model is written that others read; a session takes the defaults. */
export interface EncodeOptions {
  /** Names of all inputs and outputs of the graph, in order. */
  readonly names?: { readonly inputs: readonly string[]; readonly outputs: readonly string[] };
  /** The sizes of inputs and outputs where some are open: numbers, and names. @defaultValue the values' shapes */
  readonly axes?: ReadonlyMap<Value, readonly (number | string)[]>;
  /** Puts the sentinel before all outputs, for a run that gives the memory of each. @defaultValue false */
  readonly withSentinel?: boolean;
  /** Adds the arena's opener, with its input and output. @defaultValue false */
  readonly withArena?: boolean;
  /** Leaves out onnxruntime's own operators. @defaultValue false */
  readonly standardOnly?: boolean;
  /** Float32 constants beside the model for which this holds are inputs: a session has no copies of them. @defaultValue none */
  readonly isFed?: (constant: Value) => boolean;
  /** Constants of more bytes stand beside the model. @defaultValue 16 kB */
  readonly largestInlineBytes?: number;
}

export const operatorSet = 21n;
export const modelVersion = 10n;

export const tensorTypes: Record<ElementType, TensorType> = {
  float32: TensorType.FLOAT,
  int32: TensorType.INT32,
  bool: TensorType.BOOL,
  int64: TensorType.INT64,
  float16: TensorType.FLOAT16,
  bfloat16: TensorType.BFLOAT16,
};

/** Writes a graph as an ONNX model. */
export function encodeProgram(graph: Graph, options: EncodeOptions = {}): EncodedProgram {
  const {
    names,
    axes,
    withSentinel = false,
    withArena = false,
    standardOnly = false,
    isFed = () => false,
    largestInlineBytes = 2 ** 14,
  } = options;
  const nodes = liveNodes(graph);
  const initializers: TensorProto[] = [];
  const constants: ExternalConstant[] = [];
  const fed: ValueInfoProto[] = [];
  const prologue: NodeProto[] = [];
  const used = new Set<Value>();
  const given = new Map<Value, string>(graph.inputs.map((value, i) => [value, names?.inputs[i] ?? `v${value.id}`]));
  // An output must be made by a node, and stand once: what is not, gets a node of its own.
  const isMade = (value: Value, i: number) => value.source.kind === 'node' && graph.outputs.indexOf(value) === i;
  graph.outputs.forEach((value, i) => {
    if (names && isMade(value, i)) given.set(value, names.outputs[i]!);
  });

  const label = (value: Value): string => given.get(value) ?? `v${value.id}`;
  const nameOf = (value: Value): string => {
    const name = label(value);
    if (used.has(value)) return name;
    used.add(value);
    if (value.source.kind === 'constant') {
      const { data } = value.source;
      if (data.byteLength > largestInlineBytes) {
        const isInput = value.dtype === 'float32' && isFed(value);
        const constant: ExternalConstant = { name, bytes: bytesOf(data), ...(isInput && { fedShape: value.shape }) };
        constants.push(constant);
        if (isInput) fed.push(valueInfo(name, value, axes));
        else initializers.push(externalTensor(constant, value));
      } else initializers.push(constantTensor(name, value.shape, value.dtype, data));
    }
    if (value.source.kind === 'splat') {
      const splat = encodeSplat(name, value, value.source.number);
      initializers.push(...splat.initializers);
      prologue.push(...splat.nodes);
    }
    return name;
  };

  const body = nodes.flatMap((node) => {
    const input = node.inputs.map(nameOf);
    const output = node.outputs.map(label);
    const { op, domain, attributes } = operatorOf(node);
    if (standardOnly && op === 'FusedMatMul') return standardMatMul(node, input, output);
    return [nodeProto({ name: node.name, op, domain, attributes }, input, output)];
  });
  const outputs = graph.outputs.map((value, i) => {
    if (isMade(value, i)) return label(value);
    const name = names?.outputs[i] ?? `o${i}`;
    body.push(nodeProto({ name: `output_${i}`, op: 'Identity' }, [nameOf(value)], [name]));
    return name;
  });
  const inputs = graph.inputs.flatMap((value, index) => (used.has(value) ? [{ name: label(value), index }] : []));

  const model = create(ModelProtoSchema, {
    irVersion: modelVersion,
    producerName: 'fsc-clip',
    opsetImport: [{ domain: '', version: operatorSet }, ...(standardOnly ? [] : [{ domain: 'com.microsoft', version: 1n }])],
    graph: create(GraphProtoSchema, {
      name: 'program',
      node: [...(withSentinel ? [sentinelNode()] : []), ...prologue, ...body, ...(withArena ? arenaNodes() : [])],
      initializer: initializers,
      input: [
        ...inputs.map(({ name, index }) => valueInfo(name, graph.inputs[index]!, axes)),
        ...fed,
        ...(withArena ? [arenaInfo(arena.wanted)] : []),
      ],
      output: [
        ...(withSentinel ? [sentinelInfo()] : []),
        ...outputs.map((name, i) => valueInfo(name, graph.outputs[i]!, axes)),
        ...(withArena ? [arenaInfo(arena.got)] : []),
      ],
    }),
  });
  return { model: toBinary(ModelProtoSchema, model), constants, inputs, outputs };
}

interface NodeHead {
  readonly name: string;
  readonly op: string;
  readonly domain?: string;
  readonly attributes?: Attributes;
}

function nodeProto({ name, op, domain = '', attributes = {} }: NodeHead, input: string[], output: string[]): NodeProto {
  const attribute = Object.entries(attributes).map(([key, value]) => encodeAttribute(key, value));
  return create(NodeProtoSchema, { name, opType: op, domain, input, output, attribute });
}

/** `FusedMatMul` in ONNX's own operators. */
function standardMatMul(node: Node, input: string[], output: string[]): NodeProto[] {
  const sides = [...input];
  const transposes = transposedSides(node).map(({ side, perm }) => {
    sides[side] = `${output[0]}_side${side}`;
    return nodeProto(
      { name: `${node.name}_side${side}`, op: 'Transpose', attributes: { perm: { ints: perm } } },
      [input[side]!],
      [sides[side]],
    );
  });
  const scale = factorOf(node, 'alpha');
  if (scale === 1) return [...transposes, nodeProto({ name: node.name, op: 'MatMul' }, sides, output)];
  const [product, factor] = [`${output[0]}_product`, `${output[0]}_scale`];
  return [
    ...transposes,
    nodeProto({ name: `${node.name}_product`, op: 'MatMul' }, sides, [product]),
    nodeProto({ name: factor, op: 'Constant', attributes: { value_float: { float: scale } } }, [], [factor]),
    nodeProto({ name: node.name, op: 'Mul' }, [product, factor], output),
  ];
}

const oneNumber: Record<ElementType, (number: number) => ConstantData> = {
  float32: (number) => Float32Array.of(number),
  int32: (number) => Int32Array.of(number),
  bool: (number) => Uint8Array.of(number),
  int64: (number) => BigInt64Array.of(BigInt(number)),
  float16: (number) => halfNumbers(Float32Array.of(number), 'float16'),
  bfloat16: (number) => halfNumbers(Float32Array.of(number), 'bfloat16'),
};

/** One number, given its shape by `Expand` where it is more than one. */
function encodeSplat(name: string, { shape, dtype }: Value, number: number): { initializers: TensorProto[]; nodes: NodeProto[] } {
  const data = oneNumber[dtype](number);
  if (sizeOf(shape) === 1) return { initializers: [constantTensor(name, shape, dtype, data)], nodes: [] };
  const scalar = constantTensor(`${name}_number`, [], dtype, data);
  const sizes = constantTensor(`${name}_shape`, [shape.length], 'int64', BigInt64Array.from(shape, BigInt));
  const expand = nodeProto({ name: `${name}_expand`, op: 'Expand' }, [scalar.name!, sizes.name!], [name]);
  return { initializers: [scalar, sizes], nodes: [expand] };
}

function constantTensor(name: string, shape: readonly number[], dtype: ElementType, data: ConstantData): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: tensorTypes[dtype],
    rawData: bytesOf(data),
  });
}

/** A constant that stands in a file of its own, under its name. */
function externalTensor({ name, bytes }: ExternalConstant, { shape, dtype }: Value): TensorProto {
  const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: tensorTypes[dtype],
    dataLocation: DataLocation.EXTERNAL,
    externalData: [entry('location', name), entry('offset', '0'), entry('length', String(bytes.byteLength))],
  });
}

function bytesOf(data: ConstantData): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
}

function encodeAttribute(name: string, attribute: Attribute): AttributeProto {
  if ('int' in attribute) return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(attribute.int) });
  if ('float' in attribute) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: attribute.float });
  if ('ints' in attribute) return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: attribute.ints.map(BigInt) });
  return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: new TextEncoder().encode(attribute.string) });
}

function valueInfo(name: string, value: Value, axes: EncodeOptions['axes']): ValueInfoProto {
  const sizes = axes?.get(value) ?? value.shape;
  const dim = sizes.map((size) =>
    typeof size === 'number'
      ? { value: { case: 'dimValue' as const, value: BigInt(size) } }
      : { value: { case: 'dimParam' as const, value: size } },
  );
  return create(ValueInfoProtoSchema, {
    name,
    type: { value: { case: 'tensorType', value: { elemType: tensorTypes[value.dtype], shape: { dim } } } },
  });
}
