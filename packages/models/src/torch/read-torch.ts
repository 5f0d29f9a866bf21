import { crc32 } from 'node:zlib';
import type { HostArray } from '@fsc-clip/core';
import { openFile, type PositionedFile } from '../files/open-file.js';
import { type Refuse, reason, refuser } from '../files/refuse.js';
import { decode, decodeExact, type ExactNumbers, type FileDType, itemSizes } from '../numbers/file-dtypes.js';
import { elements, gather, isContiguous, spanOf } from './strided.js';
import { parsePersistentId, torchGlobal } from './torch-globals.js';
import type { TorchGlobal, TorchStorage, TorchTensor, TorchValue } from './torch-value.js';
import { unpickle } from './unpickle.js';
import { locateEntry, readZipDirectory, type ZipEntry } from './zip-directory.js';

/** An open PyTorch file. */
export interface TorchFile {
  /** What was saved, its tensors not read yet. */
  readonly value: TorchValue;
  /** Whether it is a TorchScript archive (`torch.jit.save`), whose code is not looked at. */
  readonly torchScript: boolean;
  /** Reads one tensor: floats as float32, integers as int32, bytes and booleans as bytes. */
  read(tensor: TorchTensor): Promise<HostArray>;
  /** Reads one tensor without rounding: float64 and the larger integers in arrays of their own. */
  readExact(tensor: TorchTensor): Promise<{ readonly data: ExactNumbers; readonly shape: readonly number[] }>;
  /** Closes the file. */
  close(): Promise<void>;
}

/** Options of `readTorch`. */
export interface ReadTorchOptions {
  /**
   * Objects of classes that are not known are put in as empty placeholders, instead of refusing the file: a checkpoint that holds its
   * program's settings beside the weights. Neither way is anything of the file run. @defaultValue false
   */
  readonly ignoreObjects?: boolean;
}

const caller = 'readTorch';

/** Tensors may share a storage; more than twice the file's bytes, and something is repeated to fill memory. */
const repeats = 2;
const smallBytes = 2 ** 16;
/** Tens of kilobytes for a CLIP. A container is one byte in a pickle and a hundred in memory. */
const longestPickle = 2 ** 22;

/**
 * Opens a file of `torch.save` or `torch.jit.save` (a zip archive, PyTorch 1.6 and newer). The file is not trusted: its pickle is
 * interpreted by a machine that knows the functions PyTorch's checkpoints need and runs nothing; sizes are bounded by the file before
 * memory is taken. Tensors are read one by one when asked for, so that loading takes the memory of one copy.
 *
 * @throws WeightsError for a file that is missing, truncated, malformed, encrypted, of the legacy format, or that names functions or
 * element types which are not known; the message names them
 * @example
 * const file = await readTorch('epoch_5.pt');
 * if (file.value instanceof Map) console.log(file.value.get('epoch'));
 * await file.close();
 */
export async function readTorch(path: string, { ignoreObjects = false }: ReadTorchOptions = {}): Promise<TorchFile> {
  const file = await openFile(caller, path);
  try {
    return await readArchive(file, ignoreObjects);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function readArchive(file: PositionedFile, ignoreObjects: boolean): Promise<TorchFile> {
  const refuse = refuser(caller, file.path);
  await refuseOtherFormats(file, refuse);
  const entries = await readZipDirectory(caller, file);
  const pickleName = Object.keys(entries).find((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickleName === undefined) return refuse('must hold a `data.pkl` in a folder, as torch.save writes it', 'none');
  const folder = pickleName.slice(0, -'data.pkl'.length);
  const entryOf = (name: string): ZipEntry => entries[folder + name] ?? refuse(`must hold \`${folder}${name}\``, 'no such entry');

  const readEntry = async (name: string): Promise<Uint8Array> => {
    const entry = entryOf(name);
    if (entry.size > longestPickle) refuse(`must hold a \`${name}\` of at most ${longestPickle} bytes`, String(entry.size));
    const bytes = new Uint8Array(await file.read(await locateEntry(caller, file, entry), entry.size));
    if (crc32(bytes) !== entry.crc32) refuse(`must hold an undamaged \`${entry.name}\``, 'another checksum');
    return bytes;
  };
  if (`${folder}byteorder` in entries) {
    const order = new TextDecoder().decode(await readEntry('byteorder'));
    if (order !== 'little') refuse('must hold little-endian numbers', JSON.stringify(order));
  }

  const refuseGlobal = (module: string, name: string): never => {
    const hint = /float8|float6|float4|Float8/.test(name)
      ? 'Element types below 16 bits are not read'
      : 'Nothing of the file was run. Weights alone are saved by torch.save(model.state_dict(), path)';
    return refuse('must name functions and types of PyTorch checkpoints only', `${module}.${name}`, { hint });
  };

  let budget = repeats * file.size + smallBytes;
  const value = unpickle(await readEntry('data.pkl'), {
    refuse,
    persistent: (id) => {
      const storage = parsePersistentId(id) ?? refuse('must describe storages as PyTorch does', 'something else');
      const { size, name } = entryOf(storage.entry);
      if (storage.length * itemSizes[storage.dtype] > size)
        refuse(`must hold ${storage.length} numbers ${storage.dtype} in \`${name}\``, `${size} bytes`);
      return storage;
    },
    global: (module, name) =>
      torchGlobal(module, name, (args, dtype) => {
        const tensor = rebuiltTensor(args, dtype);
        budget -= tensor ? elements(tensor.shape) * itemSizes[tensor.dtype] : 0;
        if (budget < 0) refuse(`must not repeat its ${file.size} bytes more than ${repeats} times in tensors`, 'more');
        return tensor;
      }) ?? (ignoreObjects ? placeholder(module, name) : refuseGlobal(module, name)),
  });
  const begins = new Map<string, Promise<number>>();
  const beginOf = (name: string): Promise<number> => {
    const begin = begins.get(name) ?? locateEntry(caller, file, entryOf(name));
    begins.set(name, begin);
    return begin;
  };
  const bytesOf = async ({ storage, dtype, offset, shape, strides }: TorchTensor): Promise<ArrayBuffer> => {
    const itemSize = itemSizes[dtype];
    const begin = await beginOf(storage.entry);
    const buffer = await file.read(begin + offset * itemSize, spanOf(shape, strides) * itemSize);
    return isContiguous(shape, strides) ? buffer : gather(buffer, itemSize, shape, strides);
  };
  return {
    value,
    torchScript: `${folder}constants.pkl` in entries,
    read: async (tensor) => {
      const bytes = await bytesOf(tensor);
      try {
        return { data: decode(tensor.dtype, bytes), shape: tensor.shape };
      } catch (cause) {
        return refuse('must hold numbers that can be read', reason(cause), { cause });
      }
    },
    readExact: async (tensor) => ({ data: decodeExact(tensor.dtype, await bytesOf(tensor)), shape: tensor.shape }),
    close: () => file.close(),
  };
}

/** A tensor from `(storage, offset, size, stride, …)`, if it lies inside its storage. */
function rebuiltTensor(args: readonly TorchValue[], asked: FileDType | undefined): TorchTensor | undefined {
  const [storage, offset, shape, strides] = args;
  if (!isStorage(storage) || !isSizes([offset]) || !isSizes(shape) || !isSizes(strides) || shape.length !== strides.length)
    return undefined;
  const dtype = asked ?? storage.dtype;
  const held = Math.floor((storage.length * itemSizes[storage.dtype]) / itemSizes[dtype]);
  const tensor: TorchTensor = { kind: 'tensor', dtype, shape, strides, offset: offset as number, storage };
  return elements(shape) === 0 || tensor.offset + spanOf(shape, strides) <= held ? tensor : undefined;
}

function isStorage(value: TorchValue | undefined): value is TorchStorage {
  return typeof value === 'object' && value !== null && 'entry' in value;
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

function placeholder(module: string, name: string): TorchGlobal {
  const className = `${module}.${name}`;
  return { kind: 'global', name: className, call: () => ({ kind: 'object', className, state: null }) };
}

/** By the first bytes: what is not a zip archive, and what to do about it. */
async function refuseOtherFormats(file: PositionedFile, refuse: Refuse): Promise<void> {
  const rule = 'must be a zip archive as torch.save writes it';
  const hint = 'In Python: torch.save(torch.load(path, weights_only=True), path)';
  const first = new Uint8Array(await file.read(0, Math.min(file.size, 512)));
  if (first.length === 0) refuse(rule, 'an empty file');
  if (String.fromCharCode(...first.subarray(0, 4)) === 'PK\u0003\u0004') return;
  if (first[0] === 0x80 && first[1]! <= 5) refuse(rule, 'the legacy format of PyTorch before 1.6, a bare pickle', { hint });
  if (String.fromCharCode(...first.subarray(257, 262)) === 'ustar')
    refuse(rule, 'the legacy format of PyTorch before 0.1.10, a tar', { hint });
  refuse(rule, `a file that begins with ${JSON.stringify(new TextDecoder('latin1').decode(first.subarray(0, 12)))}`);
}
