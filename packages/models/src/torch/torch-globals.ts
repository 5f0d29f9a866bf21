import type { FileDType } from '../numbers/file-dtypes.js';
import type { TorchGlobal, TorchObject, TorchStorage, TorchTensor, TorchValue } from './torch-value.js';

/** Element types of PyTorch's storage classes. */
const storages: Readonly<Record<string, FileDType>> = {
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  DoubleStorage: 'F64',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

/** PyTorch's storage classes by element type; unsigned integers above 8 bits have none. */
export const storageClasses: Readonly<Partial<Record<FileDType, string>>> = Object.fromEntries(
  Object.entries(storages).map(([name, dtype]) => [dtype, name]),
);

/** Element types by the names of `torch.dtype`, which tensors of untyped storages carry. */
const dtypes: Readonly<Record<string, FileDType>> = {
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  float64: 'F64',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint64: 'U64',
  uint32: 'U32',
  uint16: 'U16',
  uint8: 'U8',
  bool: 'BOOL',
};

/** The element type that a storage class or a `torch.dtype` stands for; bytes where the storage is untyped. */
export function dtypeOfGlobal(global: TorchGlobal): FileDType | undefined {
  const [module, name] = split(global.name);
  if (global.name === 'torch.storage.UntypedStorage') return 'U8';
  if (module !== 'torch') return undefined;
  return own(storages, name) ?? own(dtypes, name);
}

/**
 * The function or class that a pickle names, if it is one that PyTorch's checkpoints need: the allow-list. Each is a function of ours
 * that builds data.
 *
 * @param rebuild - makes a tensor, checked against its storage; undefined when the arguments do not fit
 */
export function torchGlobal(
  module: string,
  name: string,
  rebuild: (args: readonly TorchValue[], dtype?: FileDType) => TorchTensor | undefined,
): TorchGlobal | undefined {
  const full = `${module}.${name}`;
  const global = (call?: TorchGlobal['call']): TorchGlobal => ({ kind: 'global', name: full, ...(call && { call }) });
  if (module === 'torch' && (own(storages, name) ?? own(dtypes, name))) return global();
  // TorchScript: every module of the model is a class of its own, which holds nothing but attributes.
  if (/^__torch__(\.|$)/.test(module)) return global(() => ({ kind: 'object', className: full, state: null }) satisfies TorchObject);
  if (module === 'torch.jit._pickle' && /^build_(int|tensor|double|bool)list$/.test(name)) return global(([list]) => list);
  switch (full) {
    case 'torch.storage.UntypedStorage':
      return global();
    case 'torch._utils._rebuild_tensor_v2':
      return global((args) => rebuild(args));
    case 'torch._utils._rebuild_tensor_v3':
      return global((args) => {
        const dtype = args[6];
        const known = typeof dtype === 'object' && dtype !== null && 'kind' in dtype && dtype.kind === 'global' && dtypeOfGlobal(dtype);
        return known ? rebuild(args, known) : undefined;
      });
    case 'torch._utils._rebuild_parameter':
    case 'torch.jit._pickle.restore_type_tag':
      return global(([value]) => value);
    case 'collections.OrderedDict':
      return global((args) => (args.length === 0 ? new Map() : undefined));
    case 'torch.Size':
      return global(([sizes]) => (Array.isArray(sizes) ? sizes : undefined));
    case 'torch.device':
      return global((args) => args.join(':'));
    case 'numpy.dtype':
      return global(([code]) => (typeof code === 'string' ? { kind: 'object', className: `numpy.dtype ${code}`, state: null } : undefined));
    case 'numpy.core.multiarray.scalar':
    case 'numpy._core.multiarray.scalar':
      return global(numpyScalar);
    case '_codecs.encode':
      return global(([text, encoding]) => (typeof text === 'string' && encoding === 'latin1' ? latin1(text) : undefined));
    default:
      return undefined;
  }
}

/** A storage's description: `('storage', class, key, location, elements)`. The location is where it once was: of no use here. */
export function parsePersistentId(id: TorchValue): TorchStorage | undefined {
  if (!Array.isArray(id) || id.length !== 5 || id[0] !== 'storage') return undefined;
  const [, storage, key, , length] = id;
  const named = typeof storage === 'object' && storage !== null && 'kind' in storage && storage.kind === 'global';
  const dtype = named ? dtypeOfGlobal(storage) : undefined;
  if (dtype === undefined || typeof key !== 'string' || typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0)
    return undefined;
  return { entry: `data/${key}`, dtype, length };
}

/** The reference's learning rates: `scalar(dtype, bytes)`. */
function numpyScalar([dtype, bytes]: readonly TorchValue[]): number | undefined {
  if (typeof dtype !== 'object' || dtype === null || !('kind' in dtype) || dtype.kind !== 'object') return undefined;
  if (!(bytes instanceof Uint8Array)) return undefined;
  const order = Array.isArray(dtype.state) ? dtype.state[1] : undefined;
  const code = /^numpy\.dtype ([fiu][1248])$/.exec(dtype.className)?.[1];
  if (order === '>' || code === undefined || bytes.length !== Number(code[1])) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  switch (code) {
    case 'f8':
      return view.getFloat64(0, true);
    case 'f4':
      return view.getFloat32(0, true);
    case 'i8':
      return Number(view.getBigInt64(0, true));
    case 'i4':
      return view.getInt32(0, true);
    default:
      return undefined;
  }
}

function latin1(text: string): Uint8Array | undefined {
  const codes = Array.from(text, (character) => character.codePointAt(0)!);
  return codes.every((code) => code < 256) ? Uint8Array.from(codes) : undefined;
}

function own<V>(record: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

function split(name: string): readonly [module: string, name: string] {
  const dot = name.lastIndexOf('.');
  return [name.slice(0, dot), name.slice(dot + 1)];
}
