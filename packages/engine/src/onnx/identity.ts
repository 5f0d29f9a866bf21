import { create, toBinary } from '@bufbuild/protobuf';
import type { DType } from '../types.js';
import { modelVersion, operatorSet, tensorTypes } from './encode.js';
import { ModelProtoSchema } from './onnx_pb.js';

/** A program that gives what it is fed, in any shape: one node, input and output of the names below. */
export function encodeIdentity(dtype: DType): Uint8Array {
  const value = (name: string) => ({ name, type: { value: { case: 'tensorType' as const, value: { elemType: tensorTypes[dtype] } } } });
  const { node, input, output } = identityNames;
  return toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: modelVersion,
      opsetImport: [{ version: operatorSet }],
      graph: {
        name: 'identity',
        node: [{ name: node, opType: 'Identity', input: [input], output: [output] }],
        input: [value(input)],
        output: [value(output)],
      },
    }),
  );
}

export const identityNames = { node: 'identity', input: 'given', output: 'same' };
