import type { ExternalConstant } from '../../../onnx/encode.js';
import type { CApi } from './c-api.js';
import type { Pointer } from './functions.js';

/** Where a session of the C API runs, and keeps what it gives. */
export type Provider = 'cpu' | 'cuda';

/** What a session is made of. Nothing of it is needed once the session is open. */
export interface SessionSpec {
  readonly model: Uint8Array;
  readonly constants: readonly ExternalConstant[];
  /** Begin of the path that a profile is written to. */
  readonly profilePrefix?: string | undefined;
}

/** What onnxruntime logs: errors. */
export const errorsOnly = 3;
const noOptimization = 0;

/** Opens a session with the options of `sessionOptions`, here in the words of the C API. The caller releases it. */
export function openSession(c: CApi, env: Pointer, provider: Provider, { model, constants, profilePrefix }: SessionSpec): Pointer {
  const options = c.CreateSessionOptions();
  try {
    c.SetSessionGraphOptimizationLevel(options, noOptimization);
    c.DisableMemPattern(options);
    c.AddSessionConfigEntry(options, 'session.set_denormal_as_zero', '1');
    c.SetSessionLogSeverityLevel(options, errorsOnly);
    if (profilePrefix !== undefined) c.EnableProfiling(options, profilePrefix);
    if (constants.length > 0) addConstants(c, options, constants);
    if (provider === 'cuda') useCuda(c, options);
    return c.CreateSessionFromArray(env, model, model.byteLength, options);
  } finally {
    c.ReleaseSessionOptions(options);
  }
}

function addConstants(c: CApi, options: Pointer, constants: readonly ExternalConstant[]): void {
  const names = constants.map(({ name }) => name);
  const addresses = BigUint64Array.from(constants, ({ bytes }) => c.addressOf(bytes));
  const sizes = BigUint64Array.from(constants, ({ bytes }) => BigInt(bytes.byteLength));
  c.AddExternalInitializersFromFilesInMemory(options, names, addresses, sizes, constants.length);
}

function useCuda(c: CApi, options: Pointer): void {
  const cuda = c.CreateCUDAProviderOptions();
  try {
    // Products of matrices in whole float32, as on every other device and as PyTorch does: TensorFloat-32 keeps 10 bits of 23.
    c.UpdateCUDAProviderOptions(cuda, ['use_tf32'], ['0'], 1);
    c.SessionOptionsAppendExecutionProvider_CUDA_V2(options, cuda);
  } finally {
    c.ReleaseCUDAProviderOptions(cuda);
  }
}
