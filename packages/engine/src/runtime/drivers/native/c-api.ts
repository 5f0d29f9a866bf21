import { apiVersion, doers, makers, type NativeFunction, type ParameterTypes, type Pointer, releasers } from './functions.js';
import { onnxruntimeLibrary } from './library.js';

type Arguments<Takes extends readonly (keyof ParameterTypes)[]> = { -readonly [I in keyof Takes]: ParameterTypes[Takes[I]] };
type Signatures<Table extends Record<string, NativeFunction>, Result> = {
  readonly [Name in keyof Table]: (...args: Arguments<Table[Name]['takes']>) => Result;
};

/** onnxruntime's C API: a status that is not OK is thrown, with its text. Every call is synchronous. */
export interface CApi extends Signatures<typeof makers, Pointer>, Signatures<typeof doers, void>, Signatures<typeof releasers, void> {
  /** Where a view's memory is. Valid as long as its buffer lives and is not transferred. */
  addressOf(memory: ArrayBufferView): Pointer;
  /** The pointers in an array of C. */
  readPointers(array: Pointer, length: number): Pointer[];
}

const wide = process.platform === 'win32';
const types: Record<keyof ParameterTypes, string> = {
  pointer: 'void *',
  memory: 'void *',
  text: 'const char *',
  texts: 'const char *const *',
  path: wide ? 'const char16_t *' : 'const char *',
  paths: wide ? 'const char16_t *const *' : 'const char *const *',
  int: 'int',
  size: 'size_t',
};
const getErrorMessageAt = 2;
const stackBytes = 8 * 2 ** 20; // what a thread of the system has; koffi's own is a quarter of it

type Native = (...args: unknown[]) => unknown;

let loaded: Promise<CApi> | undefined;

/**
 * The library that onnxruntime-node brings, through koffi; loaded once in a thread.
 *
 * @throws Error when koffi is not installed, or has no binary for this platform
 */
export function loadCApi(): Promise<CApi> {
  return (loaded ??= load());
}

async function load(): Promise<CApi> {
  const { default: koffi } = await import('koffi');
  koffi.config({ ...koffi.config(), sync_stack_size: stackBytes });
  const bind = (pointer: Pointer, result: string, parameters: readonly string[]): Native =>
    koffi.decode(pointer, koffi.proto(result, [...parameters]));
  // OrtApiBase is { GetApi, GetVersionString }, and OrtApi nothing but pointers to functions.
  const base = koffi.load(onnxruntimeLibrary()).func('OrtGetApiBase', 'void *', [])() as Pointer;
  const table = bind(koffi.decode(base, 'void *'), 'void *', ['uint32_t'])(apiVersion) as Pointer;
  const entry = (at: number, result: string, parameters: readonly string[]) =>
    bind(koffi.decode(table, at * koffi.sizeof('void *'), 'void *'), result, parameters);
  const typesOf = ({ takes }: NativeFunction) => takes.map((parameter) => types[parameter]);

  const getErrorMessage = entry(getErrorMessageAt, 'const char *', ['void *']);
  const bound = new Map<string, Native>();
  for (const [name, releaser] of Object.entries(releasers)) bound.set(name, entry(releaser.at, 'void', typesOf(releaser)));
  const check = (status: unknown): void => {
    if (status === null) return;
    const message = getErrorMessage(status) as string;
    bound.get('ReleaseStatus')!(status);
    throw new Error(message.trim());
  };
  for (const [name, doer] of Object.entries(doers)) {
    const call = entry(doer.at, 'void *', typesOf(doer));
    bound.set(name, (...args) => check(call(...args)));
  }
  for (const [name, maker] of Object.entries(makers)) {
    const call = entry(maker.at, 'void *', [...typesOf(maker), 'void *']);
    bound.set(name, (...args) => {
      const made = new BigUint64Array(1);
      check(call(...args, made));
      return made[0];
    });
  }
  return {
    ...Object.fromEntries(bound),
    addressOf: (memory: ArrayBufferView) => koffi.address(memory),
    readPointers: (array: Pointer, length: number) => koffi.decode(array, 'void *', length),
  } as unknown as CApi;
}
