import type { FileDType } from '../numbers/file-dtypes.js';
import { storageClasses } from './torch-globals.js';

/** Opcodes of one value. */
export type Pickled = readonly Uint8Array[];

const op = (code: string): Uint8Array => Uint8Array.from(code, (character) => character.charCodeAt(0));
const [mark, tuple, setItems, appends, reduce, persistentId] = ['(', 't', 'u', 'e', 'R', 'Q'].map(op) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const emptyTuple = op(')');

/** A whole pickle of protocol 2, as PyTorch writes and reads it. */
export function pickled(value: Pickled): Uint8Array {
  return Buffer.concat([op('\u0080\u0002'), ...value, op('.')]);
}

/** `None`, `True` or `False`. */
export function pickleConstant(value: null | boolean): Pickled {
  return [op(value === null ? 'N' : value ? '\u0088' : '\u0089')];
}

/** An integer: 32 bits, or 64 for the sizes of large tensors. */
export function pickleInteger(value: number): Pickled {
  const fits = value === (value | 0);
  const bytes = new DataView(new ArrayBuffer(fits ? 4 : 8));
  if (fits) bytes.setInt32(0, value, true);
  else bytes.setBigInt64(0, BigInt(value), true);
  return [op(fits ? 'J' : '\u008a\u0008'), new Uint8Array(bytes.buffer)];
}

/** A float. */
export function pickleFloat(value: number): Pickled {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, value, false);
  return [op('G'), new Uint8Array(bytes.buffer)];
}

/** A text. */
export function pickleText(text: string): Pickled {
  const utf8 = new TextEncoder().encode(text);
  const length = new DataView(new ArrayBuffer(4));
  length.setUint32(0, utf8.length, true);
  return [op('X'), new Uint8Array(length.buffer), utf8];
}

/** A tuple. */
export function pickleTuple(values: readonly Pickled[]): Pickled {
  return [mark, ...values.flat(), tuple];
}

/** A list. */
export function pickleList(values: readonly Pickled[]): Pickled {
  return [op(']'), mark, ...values.flat(), appends];
}

/** A dictionary. */
export function pickleDict(items: Iterable<readonly [Pickled, Pickled]>): Pickled {
  return [op('}'), mark, ...[...items].flat(2), setItems];
}

/** An ordered dictionary, which is what PyTorch calls a state_dict. */
export function pickleOrderedDict(items: Iterable<readonly [Pickled, Pickled]>): Pickled {
  return [...pickleGlobal('collections', 'OrderedDict'), emptyTuple, reduce, mark, ...[...items].flat(2), setItems];
}

/** A contiguous tensor over the whole storage of this key. */
export function pickleTensor(key: string, dtype: FileDType, shape: readonly number[]): Pickled {
  const elements = shape.reduce((product, size) => product * size, 1);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const id = pickleTuple([
    pickleText('storage'),
    pickleGlobal('torch', storageClasses[dtype] ?? refuseDType(dtype)),
    pickleText(key),
    pickleText('cpu'),
    pickleInteger(elements),
  ]);
  const noHooks: Pickled = [...pickleGlobal('collections', 'OrderedDict'), emptyTuple, reduce];
  const integers = (values: readonly number[]) => pickleTuple(values.map(pickleInteger));
  const args = [[...id, persistentId], pickleInteger(0), integers(shape), integers(strides), pickleConstant(false), noHooks];
  return [...pickleGlobal('torch._utils', '_rebuild_tensor_v2'), ...pickleTuple(args), reduce];
}

function pickleGlobal(module: string, name: string): Pickled {
  return [op(`c${module}\n${name}\n`)];
}

function refuseDType(dtype: FileDType): never {
  throw new RangeError(`PyTorch has no storage class for ${dtype}`);
}
