import type { HostArray } from '@fsc-clip/core';
import { openFile, type PositionedFile } from '../files/open-file.js';
import { type Refuse, reason, refuser } from '../files/refuse.js';
import { decode, decodeExact, type ExactNumbers } from '../numbers/file-dtypes.js';
import { maxHeaderBytes, parseHeader, type SafetensorsHeader } from './header.js';

/** An open safetensors file. */
export interface SafetensorsFile extends SafetensorsHeader {
  /** Reads one tensor: floats as float32, integers as int32, bytes and booleans as bytes. */
  read(name: string): Promise<HostArray>;
  /** Reads one tensor without rounding: float64 and the larger integers in arrays of their own. */
  readExact(name: string): Promise<{ readonly data: ExactNumbers; readonly shape: readonly number[] }>;
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
  const file = await openFile('readSafetensors', path);
  try {
    return await readHeader(file);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readHeader(file: PositionedFile): Promise<SafetensorsFile> {
  const { path, size } = file;
  const refuse: Refuse = refuser('readSafetensors', path);
  if (size < 8) refuse('must begin with the length of its header', `${size} bytes`);
  const headerBytes = Number(new DataView(await file.read(0, 8)).getBigUint64(0, true));
  if (headerBytes > Math.min(maxHeaderBytes, size - 8))
    refuse(`must have a header of at most ${Math.min(maxHeaderBytes, size - 8)} bytes`, `${headerBytes}`);
  const start = 8 + headerBytes;
  const header = parseHeader(path, new Uint8Array(await file.read(8, headerBytes)), size - start);

  const entryOf = (name: string) => header.entries[name] ?? refuse(`must hold \`${name}\``, 'no such tensor');
  const bytesOf = (name: string) => file.read(start + entryOf(name).begin, entryOf(name).end - entryOf(name).begin);
  return {
    ...header,
    read: async (name) => {
      const { dtype, shape } = entryOf(name);
      const buffer = await bytesOf(name);
      try {
        return { data: decode(dtype, buffer), shape };
      } catch (cause) {
        return refuse(`must hold numbers that can be read in \`${name}\``, reason(cause), { cause });
      }
    },
    readExact: async (name) => ({ data: decodeExact(entryOf(name).dtype, await bytesOf(name)), shape: entryOf(name).shape }),
    close: () => file.close(),
  };
}
