import { create, toBinary } from '@bufbuild/protobuf';
import type { Attribute, ConstantData, ElementType, Graph, Value } from '../graph/graph.js';
import { sizeOf } from '../graph/graph.js';
import { liveNodes } from '../graph/order.js';
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
import { operatorOf } from './operators.js';

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
}

const operatorSet = 21n;
const modelVersion = 10n;
const largestInlineBytes = 2 ** 14;

const tensorTypes: Record<ElementType, TensorType> = {
  float32: TensorType.FLOAT,
  int32: TensorType.INT32,
  bool: TensorType.BOOL,
  int64: TensorType.INT64,
};

/** Writes a graph as an ONNX model. */
export function encodeProgram(graph: Graph): EncodedProgram {
  const nodes = liveNodes(graph);
  const initializers: TensorProto[] = [];
  const constants: ExternalConstant[] = [];
  const prologue: NodeProto[] = [];
  const used = new Set<Value>();

  const nameOf = (value: Value): string => {
    const name = `v${value.id}`;
    if (used.has(value)) return name;
    used.add(value);
    if (value.source.kind === 'constant') {
      const { data } = value.source;
      const external = data.byteLength > largestInlineBytes;
      if (external) constants.push({ name, bytes: bytesOf(data) });
      initializers.push((external ? externalTensor : constantTensor)(name, value.shape, value.dtype, data));
    }
    if (value.source.kind === 'splat') {
      const splat = encodeSplat(name, value, value.source.number);
      initializers.push(...splat.initializers);
      prologue.push(...splat.nodes);
    }
    return name;
  };

  const body = nodes.map((node) => {
    const { op, domain, attributes } = operatorOf(node);
    return create(NodeProtoSchema, {
      name: node.name,
      opType: op,
      domain,
      input: node.inputs.map(nameOf),
      output: node.outputs.map((value) => `v${value.id}`),
      attribute: Object.entries(attributes).map(([name, attribute]) => encodeAttribute(name, attribute)),
    });
  });
  // An output must be made by a node, and stand once: what is not, gets a node of its own.
  const outputs = graph.outputs.map((value, i) => {
    if (value.source.kind === 'node' && graph.outputs.indexOf(value) === i) return `v${value.id}`;
    body.push(create(NodeProtoSchema, { name: `output_${i}`, opType: 'Identity', input: [nameOf(value)], output: [`o${i}`] }));
    return `o${i}`;
  });
  const inputs = graph.inputs.flatMap((value, index) => (used.has(value) ? [{ name: `v${value.id}`, index }] : []));

  const model = create(ModelProtoSchema, {
    irVersion: modelVersion,
    producerName: 'fsc-clip',
    opsetImport: [
      { domain: '', version: operatorSet },
      { domain: 'com.microsoft', version: 1n },
    ],
    graph: create(GraphProtoSchema, {
      name: 'program',
      node: [...prologue, ...body],
      initializer: initializers,
      input: inputs.map(({ name, index }) => valueInfo(name, graph.inputs[index]!)),
      output: outputs.map((name, i) => valueInfo(name, graph.outputs[i]!)),
    }),
  });
  return { model: toBinary(ModelProtoSchema, model), constants, inputs, outputs };
}

const oneNumber: Record<ElementType, (number: number) => ConstantData> = {
  float32: (number) => Float32Array.of(number),
  int32: (number) => Int32Array.of(number),
  bool: (number) => Uint8Array.of(number),
  int64: (number) => BigInt64Array.of(BigInt(number)),
};

/** One number, given its shape by `Expand` where it is more than one. */
function encodeSplat(name: string, { shape, dtype }: Value, number: number): { initializers: TensorProto[]; nodes: NodeProto[] } {
  const data = oneNumber[dtype](number);
  if (sizeOf(shape) === 1) return { initializers: [constantTensor(name, shape, dtype, data)], nodes: [] };
  const scalar = constantTensor(`${name}_number`, [], dtype, data);
  const sizes = constantTensor(`${name}_shape`, [shape.length], 'int64', BigInt64Array.from(shape, BigInt));
  const expand = create(NodeProtoSchema, { name: `${name}_expand`, opType: 'Expand', input: [scalar.name!, sizes.name!], output: [name] });
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

function externalTensor(name: string, shape: readonly number[], dtype: ElementType, data: ConstantData): TensorProto {
  const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: tensorTypes[dtype],
    dataLocation: DataLocation.EXTERNAL,
    externalData: [entry('location', name), entry('offset', '0'), entry('length', String(data.byteLength))],
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

function valueInfo(name: string, { shape, dtype }: Value): ValueInfoProto {
  return create(ValueInfoProtoSchema, {
    name,
    type: {
      value: {
        case: 'tensorType',
        value: {
          elemType: tensorTypes[dtype],
          shape: { dim: shape.map((size) => ({ value: { case: 'dimValue' as const, value: BigInt(size) } })) },
        },
      },
    },
  });
}
