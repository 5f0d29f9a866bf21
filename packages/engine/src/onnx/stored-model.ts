import { create } from '@bufbuild/protobuf';
import type { ExternalConstant } from './encode.js';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  type ModelProto,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  type TensorProto_DataType as TensorType,
} from './onnx_pb.js';

/** A model whose larger constants stand beside it, and may be stored in another way. */
export interface StoredModel {
  readonly model: ModelProto;
  readonly constants: readonly ExternalConstant[];
}

/** What stands in the place of a constant or a node: tensors with their bytes, and nodes that compute with them. */
export interface Replacement {
  readonly tensors: readonly StoredTensor[];
  readonly nodes: readonly NodeProto[];
}

export interface StoredTensor {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly number[];
  readonly data: ArrayBufferView<ArrayBuffer>;
}

/** A node that is given integers as its attributes. */
export function plainNode(op: string, input: string[], output: string[], integers: Readonly<Record<string, number>> = {}): NodeProto {
  const attribute = Object.entries(integers).map(([name, i]) =>
    create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(i) }),
  );
  return create(NodeProtoSchema, { name: `${output[0]}_${op}`, opType: op, input, output, attribute });
}

/** An integer among a node's attributes, or 0. */
export function integerOf(node: NodeProto, name: string): number {
  return Number(node.attribute.find((attribute: AttributeProto) => attribute.name === name)?.i ?? 0);
}

/** The model with some constants taken out and others put in. */
export function withTensors({ model, constants }: StoredModel, removed: ReadonlySet<string>, added: readonly StoredTensor[]): StoredModel {
  const graph = model.graph!;
  const bytes = ({ data }: StoredTensor) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const initializer = [
    ...graph.initializer.filter(({ name }) => !removed.has(name)),
    ...added.map(
      ({ name, type, shape }): TensorProto =>
        create(TensorProtoSchema, { name, dataType: type, dims: shape.map(BigInt), dataLocation: DataLocation.EXTERNAL }),
    ),
  ];
  return {
    model: { ...model, graph: { ...graph, initializer } },
    constants: [
      ...constants.filter(({ name }) => !removed.has(name)),
      ...added.map((tensor) => ({ name: tensor.name, bytes: bytes(tensor) })),
    ],
  };
}

/** float32 constants beside the model, by name. */
export function floatConstants({ model, constants }: StoredModel, float: TensorType): Map<string, { shape: number[]; data: Float32Array }> {
  const bytes = new Map(constants.map((constant) => [constant.name, constant.bytes]));
  return new Map(
    model
      .graph!.initializer.filter(({ name, dataType }) => dataType === float && bytes.has(name))
      .map(({ name, dims }) => {
        const { buffer, byteOffset, byteLength } = bytes.get(name)!;
        return [name, { shape: dims.map(Number), data: new Float32Array(buffer, byteOffset, byteLength / 4) }];
      }),
  );
}
