import { type FileHandle, open, stat } from 'node:fs/promises';
import { type HostArray, WeightsError } from '@fsc-clip/core';
import { decode } from './dtypes.js';
import { maxHeaderBytes, parseHeader, type SafetensorsHeader } from './header.js';

/** An open safetensors file. */
export interface SafetensorsFile extends SafetensorsHeader {
  /** Reads one tensor: floats as float32, integers as int32, bytes and booleans as bytes. */
  read(name: string): Promise<HostArray>;
  /** Closes the file. */
  close(): Promise<void>;
}

/**
 * Opens a safetensors file and checks its whole header; tensors are read one by one when asked for. The file is not trusted: sizes are
 * bounded by its length, nothing in it is run.
 *
 * @throws WeightsError for a file that is missing, truncated or malformed
 * @example
 * const file = await readSafetensors('model.safetensors');
 * const weight = await file.read('visual.proj');
 * await file.close();
 */
export async function readSafetensors(path: string): Promise<SafetensorsFile> {
  const refuse = (rule: string, got: string, cause?: unknown): never => {
    throw new WeightsError({ function: 'readSafetensors', argument: path, rule, got, cause });
  };
  const found = await stat(path).catch((cause: Error) => refuse('must be a readable file', cause.message, cause));
  if (!found.isFile()) refuse('must be a file', 'something else'); // a pipe would block
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size < 8) refuse('must begin with the length of its header', `${size} bytes`);
    const headerBytes = Number(new DataView(await readAt(file, 0, 8)).getBigUint64(0, true));
    if (headerBytes > Math.min(maxHeaderBytes, size - 8))
      refuse(`must have a header of at most ${Math.min(maxHeaderBytes, size - 8)} bytes`, `${headerBytes}`);
    const start = 8 + headerBytes;
    const header = parseHeader(path, new Uint8Array(await readAt(file, 8, headerBytes)), size - start);
    const read = async (name: string): Promise<HostArray> => {
      const entry = header.entries[name];
      if (!entry) return refuse(`must hold \`${name}\``, 'no such tensor');
      const buffer = await readAt(file, start + entry.begin, entry.end - entry.begin);
      try {
        return { data: decode(entry.dtype, buffer), shape: entry.shape };
      } catch (cause) {
        return refuse(`must hold numbers that can be read in \`${name}\``, cause instanceof Error ? cause.message : String(cause), cause);
      }
    };
    return { ...header, read, close: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Bytes [position, position + length), in pieces: one call reads less than 2 GiB. */
async function readAt(file: FileHandle, position: number, length: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 2 ** 30), position + done);
    if (bytesRead === 0)
      throw new WeightsError({ function: 'readSafetensors', argument: 'file', rule: 'must not shrink while it is read' });
    done += bytesRead;
  }
  return bytes.buffer;
}
