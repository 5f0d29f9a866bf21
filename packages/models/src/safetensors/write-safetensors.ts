import { writeBeside } from '../files/write-beside.js';
import { itemSizes } from '../numbers/file-dtypes.js';
import { type ArraySource, sourceBytes } from '../weights/array-source.js';

/**
 * Writes a safetensors file. Tensors stand in the order that the format's own writer uses: larger elements first, then by name.
 *
 * @throws WeightsError of the function `caller` when it cannot be written
 */
export async function writeSafetensors(
  caller: string,
  path: string,
  sources: readonly ArraySource[],
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const ordered = [...sources].sort((a, b) => itemSizes[b.dtype] - itemSizes[a.dtype] || (a.name < b.name ? -1 : 1));
  await writeBeside(caller, path, async (file) => {
    await file.appendFile(headerBytes(ordered, metadata));
    for (const source of ordered) {
      const bytes = await source.bytes();
      if (bytes.length !== sourceBytes(source))
        throw new Error(`${source.name} has ${bytes.length} bytes instead of ${sourceBytes(source)}`);
      await file.appendFile(bytes);
    }
  });
}

/** The header's length and the header, padded with blanks to a multiple of 8 bytes. */
function headerBytes(sources: readonly ArraySource[], metadata: Readonly<Record<string, string>>): Uint8Array {
  let begin = 0;
  // Written entry by entry: an object would reorder names that look like numbers, and lose one named __proto__.
  const entries = sources.map(({ name, dtype, shape }) => {
    const entry = { dtype, shape, data_offsets: [begin, (begin += sourceBytes({ dtype, shape }))] };
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
  });
  const json = new TextEncoder().encode(`{${[`"__metadata__":${JSON.stringify(metadata)}`, ...entries].join(',')}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + padded).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(padded), true);
  bytes.set(json, 8);
  return bytes;
}
