import { writeBeside } from '../files/write-beside.js';
import { type ArraySource, sourceBytes } from '../weights/array-source.js';
import { type Pickled, pickled, pickleTensor } from './pickle.js';
import { writeZip, type ZipSource } from './write-zip.js';

/** Tensors of a file in the making: each becomes a storage of its own, in the order in which they are pickled. */
export interface TorchSources {
  /** The tensor's place in the pickle. */
  tensor(source: Omit<ArraySource, 'name'>): Pickled;
}

/**
 * Writes a file that `torch.load(path, weights_only=True)` reads, tensor by tensor.
 *
 * @param describe - makes the pickle of what the file holds
 * @throws WeightsError of the function `caller` when it cannot be written
 */
export async function writeTorch(caller: string, path: string, describe: (sources: TorchSources) => Pickled): Promise<void> {
  const storages: Omit<ArraySource, 'name'>[] = [];
  const root = describe({
    tensor: (source) => pickleTensor(String(storages.push(source) - 1), source.dtype, source.shape),
  });
  const text = (content: string) => () => new TextEncoder().encode(content);
  const entries: ZipSource[] = [
    { name: 'archive/data.pkl', bytes: () => pickled(root) },
    { name: 'archive/byteorder', bytes: text('little') },
    ...storages.map((source, i) => ({ name: `archive/data/${i}`, bytes: () => checkedBytes(source, i) })),
    { name: 'archive/version', bytes: text('3\n') },
  ];
  await writeBeside(caller, path, (file) => writeZip(file, entries));
}

async function checkedBytes(source: Omit<ArraySource, 'name'>, i: number): Promise<Uint8Array> {
  const bytes = await source.bytes();
  if (bytes.length !== sourceBytes(source)) throw new Error(`storage ${i} has ${bytes.length} bytes instead of ${sourceBytes(source)}`);
  return bytes;
}
