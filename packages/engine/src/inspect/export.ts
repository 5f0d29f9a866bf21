import { open, rename, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { PreparedArgument } from '../arguments.js';
import { type EncodedProgram, type ExternalConstant, encodeProgram } from '../onnx/encode.js';
import type { Traced } from '../trace/trace.js';

/** A protobuf ends at 2 GB; the rest of a model is far below 16 MB. */
const largestInlineBytes = 2 ** 31 - 2 ** 24;
/** Constants begin where a memory page does, so that a reader can map them. */
const alignment = 4096;

/** What `step.export` wrote. */
export interface Exported {
  /** The model's inputs, in order; an argument that the result does not depend on is not among them. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** The files, the model first. */
  readonly files: readonly string[];
}

/**
 * Writes a traced function as an ONNX file in the standard's own operators. Inputs and outputs have the names of their places:
 * `arguments[0].images`, `result.loss`. Constants of more than `inlineBytes` together go to `path + '.data'`.
 */
export async function exportProgram(
  path: string,
  traced: Traced,
  args: readonly PreparedArgument[],
  inlineBytes = largestInlineBytes,
): Promise<Exported> {
  const dataPath = `${path}.data`;
  const { encoded, offsets } = encodeFor(basename(dataPath), traced, args, inlineBytes);
  const parts = `.${process.pid}.part`;
  const files = [path, ...(encoded.constants.length > 0 ? [dataPath] : [])];
  try {
    await writeFile(`${path}${parts}`, encoded.model);
    if (encoded.constants.length > 0) await writeConstants(`${dataPath}${parts}`, encoded.constants, offsets);
    for (const file of files.toReversed()) await rename(`${file}${parts}`, file); // the model last: it names the data
  } finally {
    for (const file of files) await rm(`${file}${parts}`, { force: true });
  }
  return { inputs: encoded.inputs.map(({ name }) => name), outputs: encoded.outputs, files };
}

/** The model, and where its constants begin in the file beside it. */
function encodeFor(
  location: string,
  { graph, paths }: Traced,
  args: readonly PreparedArgument[],
  inlineBytes: number,
): { encoded: EncodedProgram; offsets: readonly number[] } {
  const options = { names: { inputs: args.map(({ path }) => path), outputs: paths }, standardOnly: true };
  const offsets: number[] = [];
  let end = 0;
  const place = ({ bytes }: ExternalConstant) => {
    const offset = Math.ceil(end / alignment) * alignment;
    offsets.push(offset);
    end = offset + bytes.byteLength;
    return { location, offset };
  };
  const beside = encodeProgram(graph, { ...options, place });
  if (end > inlineBytes) return { encoded: beside, offsets };
  return { encoded: encodeProgram(graph, { ...options, largestInlineBytes: Number.POSITIVE_INFINITY }), offsets: [] };
}

async function writeConstants(path: string, constants: readonly ExternalConstant[], offsets: readonly number[]): Promise<void> {
  const file = await open(path, 'w');
  try {
    for (const [i, { bytes }] of constants.entries()) {
      for (let done = 0; done < bytes.byteLength; ) {
        const length = Math.min(bytes.byteLength - done, 2 ** 30); // one call of the system writes less than 2 GB
        done += (await file.write(bytes, done, length, offsets[i]! + done)).bytesWritten;
      }
    }
  } finally {
    await file.close();
  }
}
