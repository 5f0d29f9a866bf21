import { create } from '@bufbuild/protobuf';
import {
  type NodeProto,
  NodeProtoSchema,
  TensorProto_DataType as TensorType,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.js';

// onnxruntime-node (1.30) copies every output of a run into a new array, also where the caller gave the memory that the output was written
// to: for the gradients of a ViT-B/32, 605 MB and a quarter of a step. It converts outputs in their order and ends with an error at one
// that is no tensor. Such an output, before all others, leaves them where they were written. A version that can convert it does, and copies.

/** Name of the first output of a program whose results are read where they were written. */
export const sentinel = 'sentinel';

/** The empty list that is put out. */
export function sentinelNode(): NodeProto {
  return create(NodeProtoSchema, { name: sentinel, opType: 'SequenceEmpty', output: [sentinel] });
}

/** The output. */
export function sentinelInfo(): ValueInfoProto {
  const elemType = { value: { case: 'tensorType' as const, value: { elemType: TensorType.FLOAT } } };
  return create(ValueInfoProtoSchema, { name: sentinel, type: { value: { case: 'sequenceType', value: { elemType } } } });
}

/** Whether a run came to its end, and only the sentinel could not be converted. */
export function endedAtSentinel(error: unknown): boolean {
  return error instanceof Error && error.message.includes('Non tensor type');
}
