import { sizeOf } from '../../graph/graph.js';
import { tensorTypes } from '../../onnx/encode.js';
import { encodeIdentity, identityNames } from '../../onnx/identity.js';
import type { DType } from '../../types.js';
import type { HostNumbers, HostZeros, Numbers, OutputSpec, ProgramSpec } from '../protocol.js';
import type { DeviceDriver, DeviceProgram, Feed } from './driver.js';
import { fedNumbers, views } from './feed-tensor.js';
import { type CApi, loadCApi } from './native/c-api.js';
import type { Pointer } from './native/functions.js';
import { errorsOnly, openSession, type Provider } from './native/open-session.js';

/** An array on the device: an `OrtValue`, which outlives the session that made it. */
export interface BoundArray {
  readonly value: Pointer;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

interface Runtime {
  readonly c: CApi;
  readonly env: Pointer;
  readonly provider: Provider;
  /** Memory of the device, where results are made. */
  readonly device: Pointer;
  /** Memory of this process. */
  readonly host: Pointer;
}

/**
 * Arrays that stay on the device from run to run, bound to the programs' inputs and outputs by onnxruntime's C API. With the provider
 * `cpu` the device is this process's memory, by which everything but the GPU itself is tested.
 *
 * Results are allocated by the session's own allocator, so what is freed serves later results; no result lies over an input.
 *
 * @throws Error when koffi is not installed
 */
export async function createIoBindingDriver(provider: Provider): Promise<DeviceDriver<BoundArray>> {
  const c = await loadCApi();
  const runtime: Runtime = {
    c,
    env: c.CreateEnv(errorsOnly, 'fsc-clip'),
    provider,
    device: memoryOf(c, provider === 'cuda' ? 'Cuda' : 'Cpu'),
    host: memoryOf(c, 'Cpu'),
  };
  const copiers = new Map<DType, Pointer>();
  return {
    open: async (spec, profilePrefix) => openProgram(runtime, spec, profilePrefix),
    put: async (numbers) => putArray(runtime, copiers, numbers),
    read: async (array) => readArray(runtime, copiers, array),
    free: ({ value }) => c.ReleaseValue(value),
  };
}

const [deviceAllocator, firstDevice, defaultMemory] = [0, 0, 0];

function memoryOf(c: CApi, name: 'Cpu' | 'Cuda'): Pointer {
  return c.CreateMemoryInfo(name, deviceAllocator, firstDevice, defaultMemory);
}

function openProgram(runtime: Runtime, spec: ProgramSpec, profilePrefix: string | undefined): DeviceProgram<BoundArray> {
  const { c } = runtime;
  const session = openSession(c, runtime.env, runtime.provider, { ...spec, profilePrefix });
  const { outputs } = spec; // alone: the bytes of the constants may be collected
  return {
    run: async (feeds) => runProgram(runtime, session, outputs, feeds),
    release: async () => {
      if (profilePrefix !== undefined) endProfiling(c, session);
      c.ReleaseSession(session);
    },
  };
}

function runProgram(
  runtime: Runtime,
  session: Pointer,
  outputs: readonly OutputSpec[],
  feeds: ReadonlyMap<string, Feed<BoundArray>>,
): BoundArray[] {
  const { c } = runtime;
  return withBinding(c, session, (binding, lend) => {
    for (const [name, feed] of feeds) {
      c.BindInput(
        binding,
        name,
        'array' in feed ? feed.array.value : lend(valueOver(runtime, { ...feed.numbers, data: fedNumbers(feed.numbers) })),
      );
    }
    for (const { name } of outputs) c.BindOutputToDevice(binding, name, runtime.device);
    c.SynchronizeBoundInputs(binding); // what was copied to the device has arrived
    c.RunWithBinding(session, null, binding); // returns when the device is done
    const values = boundOutputs(c, binding);
    return outputs.map(({ shape, dtype }, i) => ({ value: values[i]!, shape, dtype }));
  });
}

/** A value over memory of JavaScript, which it keeps from being collected. */
interface LentValue {
  readonly value: Pointer;
  readonly memory: Numbers;
}

/**
 * A binding for one run: one that is used again would hand the results of the first run to the second one as its memory.
 *
 * @param run - may `lend` values for as long as the binding lives
 */
function withBinding<Result>(c: CApi, session: Pointer, run: (binding: Pointer, lend: (lent: LentValue) => Pointer) => Result): Result {
  const binding = c.CreateIoBinding(session);
  const lent: LentValue[] = [];
  const lend = (value: LentValue) => {
    lent.push(value);
    return value.value;
  };
  try {
    return run(binding, lend);
  } finally {
    c.ReleaseIoBinding(binding);
    for (const { value } of lent) c.ReleaseValue(value);
  }
}

/** What a run left on the device, in the order in which it was bound. The caller releases each. */
function boundOutputs(c: CApi, binding: Pointer): Pointer[] {
  const allocator = c.GetAllocatorWithDefaultOptions();
  const [array, length] = [new BigUint64Array(1), new BigUint64Array(1)];
  c.GetBoundOutputValues(binding, allocator, array, length);
  const values = c.readPointers(array[0]!, Number(length[0]));
  c.AllocatorFree(allocator, array[0]!);
  return values;
}

/** A program that does nothing: it copies an array to the device or from there, for which the C API has no function. */
function copierOf({ c, env, provider }: Runtime, copiers: Map<DType, Pointer>, dtype: DType): Pointer {
  const copier = copiers.get(dtype) ?? openSession(c, env, provider, { model: encodeIdentity(dtype), constants: [] });
  copiers.set(dtype, copier);
  return copier;
}

function putArray(runtime: Runtime, copiers: Map<DType, Pointer>, numbers: HostNumbers | HostZeros): BoundArray {
  const { c } = runtime;
  const { shape, dtype } = numbers;
  const copier = copierOf(runtime, copiers, dtype);
  return withBinding(c, copier, (binding, lend) => {
    c.BindInput(binding, identityNames.input, lend(valueOver(runtime, { data: fedNumbers(numbers), shape, dtype })));
    c.BindOutputToDevice(binding, identityNames.output, runtime.device);
    c.SynchronizeBoundInputs(binding);
    c.RunWithBinding(copier, null, binding);
    return { value: boundOutputs(c, binding)[0]!, shape, dtype };
  });
}

function readArray(runtime: Runtime, copiers: Map<DType, Pointer>, { value, shape, dtype }: BoundArray): Numbers {
  const data = new views[dtype](sizeOf(shape));
  if (data.length === 0) return data;
  const { c } = runtime;
  const copier = copierOf(runtime, copiers, dtype);
  withBinding(c, copier, (binding, lend) => {
    c.BindInput(binding, identityNames.input, value);
    c.BindOutput(binding, identityNames.output, lend(valueOver(runtime, { data, shape, dtype })));
    c.RunWithBinding(copier, null, binding);
  });
  return data;
}

const nothing = new Uint8Array(1); // an empty array needs an address as well

function valueOver({ c, host }: Runtime, { data, shape, dtype }: HostNumbers): LentValue {
  const sizes = BigInt64Array.from(shape, BigInt);
  const address = c.addressOf(data.length === 0 ? nothing : data);
  const value = c.CreateTensorWithDataAsOrtValue(host, address, data.byteLength, sizes, shape.length, tensorTypes[dtype]);
  return { value, memory: data };
}

/** Writes the profile. */
function endProfiling(c: CApi, session: Pointer): void {
  const allocator = c.GetAllocatorWithDefaultOptions();
  c.AllocatorFree(allocator, c.SessionEndProfiling(session, allocator));
}
