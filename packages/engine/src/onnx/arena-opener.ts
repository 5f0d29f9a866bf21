import { create } from '@bufbuild/protobuf';
import {
  type NodeProto,
  NodeProtoSchema,
  TensorProto_DataType as TensorType,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './onnx_pb.js';

// onnxruntime's arena for the CPU takes memory in regions of 1, 4, 4, 8, 16 … 1024, 1024 MB as it is asked for more, and gives none back. Every
// later run fills the regions in another order than the first one grew them, and comes to touch them all: 0.8 GB beyond what is alive, for
// ViT-B/32 at a batch of 32. A first node that wants all at once, in the first run only, makes the arena one region that is large enough.

/** Names of the input, which says how many float32 numbers the opener wants, and of the output, which says how many it got. */
export const arena = { wanted: 'arena_wanted', got: 'arena_got' } as const;

/**
 * Written last, with nobody to read what they make: onnxruntime runs such nodes first. The second one reads what the first one makes, which
 * would be kept to the end of the run otherwise. What it makes itself must not lie in the arena, behind the memory that becomes free and
 * before what follows: it is an output, for which the caller gives memory.
 */
export function arenaNodes(): NodeProto[] {
  const node = (name: string, opType: string, input: string, output: string) =>
    create(NodeProtoSchema, { name, opType, input: [input], output: [output] });
  return [node('arena_opener', 'ConstantOfShape', arena.wanted, 'arena_opened'), node('arena_closer', 'Shape', 'arena_opened', arena.got)];
}

/** Of input and output: one int64. */
export function arenaInfo(name: string): ValueInfoProto {
  const shape = { dim: [{ value: { case: 'dimValue' as const, value: 1n } }] };
  const value = { case: 'tensorType' as const, value: { elemType: TensorType.INT64, shape } };
  return create(ValueInfoProtoSchema, { name, type: { value } });
}
