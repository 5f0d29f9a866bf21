import type { FileDType } from '../numbers/file-dtypes.js';

/** Bytes of one entry of the archive, which tensors are views of. */
export interface TorchStorage {
  /** Name of the entry inside the archive. */
  readonly entry: string;
  readonly dtype: FileDType;
  /** Length in elements. */
  readonly length: number;
}

/** A tensor of a PyTorch file, not read yet: a view of a storage. */
export interface TorchTensor {
  readonly kind: 'tensor';
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  /** Elements between neighbours along each axis. */
  readonly strides: readonly number[];
  /** First element in the storage. */
  readonly offset: number;
  readonly storage: TorchStorage;
}

/** An object of a class that is not interpreted: TorchScript modules keep their attributes in `state`. */
export interface TorchObject {
  readonly kind: 'object';
  /** Module and name, e.g. `__torch__.clip.model.CLIP`. */
  readonly className: string;
  state: TorchValue;
}

/** A function or class that the pickle names and may call. It is one of ours: nothing of the file is ever run. */
export interface TorchGlobal {
  readonly kind: 'global';
  readonly name: string;
  /** The result of calling it, or undefined when the arguments are not what PyTorch writes. */
  readonly call?: (args: readonly TorchValue[]) => TorchValue | undefined;
}

/** What a PyTorch file can hold: dictionaries are maps, lists and tuples arrays, bytes a Uint8Array. */
export type TorchValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | TorchValue[]
  | TorchDict
  | TorchTensor
  | TorchStorage
  | TorchObject
  | TorchGlobal;

/** A Python dictionary. */
export type TorchDict = Map<TorchValue, TorchValue>;

/** Whether a value is a tensor. */
export function isTensor(value: TorchValue | undefined): value is TorchTensor {
  return isKind(value, 'tensor');
}

/** Whether a value is an object of an uninterpreted class. */
export function isObject(value: TorchValue | undefined): value is TorchObject {
  return isKind(value, 'object');
}

/** Whether a value is a function or a class. */
export function isGlobal(value: TorchValue | undefined): value is TorchGlobal {
  return isKind(value, 'global');
}

function isKind(value: TorchValue | undefined, kind: string): boolean {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}

/** What a value is, in a few words for a message. */
export function describeValue(value: TorchValue | undefined): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value !== 'object') return typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : String(value);
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Map) return `a dictionary of ${keyNames(value)}`;
  if (!('kind' in value)) return 'a storage';
  return value.kind === 'tensor' ? `a tensor [${value.shape.join(', ')}]` : value.kind === 'object' ? value.className : value.name;
}

function keyNames(dict: TorchDict): string {
  const names = [...dict.keys()].slice(0, 6).map((key) => (typeof key === 'string' ? `\`${key.slice(0, 60)}\`` : describeKey(key)));
  return names.length === 0 ? 'nothing' : `${names.join(', ')}${dict.size > names.length ? ` and ${dict.size - names.length} more` : ''}`;
}

function describeKey(key: TorchValue): string {
  return typeof key === 'object' ? 'an object' : String(key);
}
