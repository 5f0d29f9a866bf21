import { open, rename, rm } from 'node:fs/promises';
import { WeightsError } from '@fsc-clip/core';
import { itemSizes } from '../numbers/file-dtypes.js';

/** One tensor to write; its bytes are asked for when their turn comes. */
export interface SafetensorsSource {
  readonly name: string;
  readonly dtype: 'F32' | 'F16' | 'I32' | 'U8';
  readonly shape: readonly number[];
  bytes(): Promise<Uint8Array>;
}

/**
 * Writes a safetensors file: beside its place first, then renamed, so that a reader never meets half a file.
 *
 * Tensors stand in the order that the format's own writer uses: larger elements first, then by name.
 */
export async function writeSafetensors(
  path: string,
  sources: readonly SafetensorsSource[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const ordered = [...sources].sort((a, b) => itemSizes[b.dtype] - itemSizes[a.dtype] || (a.name < b.name ? -1 : 1));
  const sizes = ordered.map(({ dtype, shape }) => shape.reduce((product, size) => product * size, itemSizes[dtype]));
  const partial = `${path}.partial-${process.pid}`;
  try {
    const file = await open(partial, 'w');
    try {
      await file.appendFile(headerBytes(ordered, sizes, metadata));
      for (const [i, source] of ordered.entries()) {
        const bytes = await source.bytes();
        if (bytes.length !== sizes[i]) throw new Error(`${source.name} has ${bytes.length} bytes instead of ${sizes[i]}`);
        await file.appendFile(bytes);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true });
    if (cause instanceof WeightsError) throw cause;
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new WeightsError({ function: 'saveWeights', argument: path, rule: 'must be writable', got, cause });
  }
}

/** The header's length and the header, padded with blanks to a multiple of 8 bytes. */
function headerBytes(
  sources: readonly SafetensorsSource[],
  sizes: readonly number[],
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  let begin = 0;
  // Written entry by entry: an object would reorder names that look like numbers, and lose one named __proto__.
  const entries = sources.map(({ name, dtype, shape }, i) => {
    const entry = { dtype, shape, data_offsets: [begin, (begin += sizes[i]!)] };
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
  });
  const json = new TextEncoder().encode(`{${[`"__metadata__":${JSON.stringify(metadata)}`, ...entries].join(',')}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return bytes;
}
