import { open, rename, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { Graph, Value } from '../graph/graph.js';
import { type ExternalConstant, encodeProgram } from '../onnx/encode.js';
import { float16Weights } from '../onnx/float16-weights.js';
import { int8Weights } from '../onnx/int8-weights.js';
import { TensorProto_DataLocation as DataLocation, ModelProtoSchema, StringStringEntryProtoSchema } from '../onnx/onnx_pb.js';
import type { StoredModel } from '../onnx/stored-model.js';
import type { Drift } from './drift.js';

/** A protobuf ends at 2 GB; the rest of a model is far below 16 MB. */
const largestInlineBytes = 2 ** 31 - 2 ** 24;
/** Constants begin where a memory page does, so that a reader can map them. */
const alignment = 4096;
/** Smaller constants are not worth storing in another way. */
const smallestWeights = 256;

/** How the constants of an exported program are stored. */
export type StoredWeights = 'float32' | 'float16' | 'int8';

/** What `step.export` wrote. */
export interface Exported {
  /** The model's inputs, in order; an argument that the result does not depend on is not among them. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The files, the model first. */
  readonly files: readonly string[];
  /** With weights other than float32: how far each output is from the function's own, by name. */
  readonly drift?: Readonly<Record<string, Drift>>;
}

/** A program to write. */
export interface ExportedProgram {
  readonly graph: Graph;
  /** Names of all inputs and outputs of the graph, in order. */
  readonly names: { readonly inputs: readonly string[]; readonly outputs: readonly string[] };
  /** Sizes of inputs and outputs where some are open. */
  readonly axes?: ReadonlyMap<Value, readonly (number | string)[]>;
  /** @defaultValue 'float32' */
  readonly weights?: StoredWeights;
}

/**
 * Writes a program as an ONNX file in the standard's own operators. Constants of more than `inlineBytes` together go to
 * `path + '.data'`.
 */
export async function exportProgram(
  path: string,
  { graph, weights = 'float32', ...options }: ExportedProgram,
  inlineBytes = largestInlineBytes,
): Promise<Exported> {
  const encoded = encodeProgram(graph, { ...options, standardOnly: true, largestInlineBytes: smallestWeights });
  const float32 = { model: fromBinary(ModelProtoSchema, encoded.model), constants: encoded.constants };
  const stored = weights === 'float32' ? float32 : weights === 'float16' ? float16Weights(float32) : int8Weights(float32);
  const dataPath = `${path}.data`;
  const { model, constants } = placed(stored, basename(dataPath), inlineBytes);
  const parts = `.${process.pid}.part`;
  const files = [path, ...(constants.length > 0 ? [dataPath] : [])];
  try {
    await writeFile(`${path}${parts}`, model);
    if (constants.length > 0) await writeConstants(`${dataPath}${parts}`, constants);
    for (const file of files.toReversed()) await rename(`${file}${parts}`, file); // the model last: it names the data
  } finally {
    for (const file of files) await rm(`${file}${parts}`, { force: true });
  }
  return { inputs: encoded.inputs.map(({ name }) => name), outputs: encoded.outputs, files };
}

interface PlacedConstant extends ExternalConstant {
  readonly offset: number;
}

/** The model with its constants in it; or, when they are too large, with their places in the file beside it. */
function placed(
  { model, constants }: StoredModel,
  location: string,
  inlineBytes: number,
): { model: Uint8Array; constants: PlacedConstant[] } {
  let end = 0;
  const places = constants.map((constant) => {
    const offset = Math.ceil(end / alignment) * alignment;
    end = offset + constant.bytes.byteLength;
    return { ...constant, offset };
  });
  const inline = end <= inlineBytes;
  const byName = new Map(places.map((constant) => [constant.name, constant]));
  const entry = (key: string, value: string) => create(StringStringEntryProtoSchema, { key, value });
  const initializer = model.graph!.initializer.map((tensor) => {
    const constant = byName.get(tensor.name);
    if (!constant) return tensor;
    const { bytes, offset } = constant;
    if (inline) return { ...tensor, dataLocation: DataLocation.DEFAULT, externalData: [], rawData: bytes as Uint8Array<ArrayBuffer> };
    const externalData = [entry('location', location), entry('offset', String(offset)), entry('length', String(bytes.byteLength))];
    return { ...tensor, externalData };
  });
  const whole = { ...model, graph: { ...model.graph!, initializer } };
  return { model: toBinary(ModelProtoSchema, whole), constants: inline ? [] : places };
}

async function writeConstants(path: string, constants: readonly PlacedConstant[]): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const { bytes, offset } of constants) {
      for (let done = 0; done < bytes.byteLength; ) {
        const length = Math.min(bytes.byteLength - done, 2 ** 30); // one call of the system writes less than 2 GB
        done += (await file.write(bytes, done, length, offset + done)).bytesWritten;
      }
    }
  } finally {
    await file.close();
  }
}
