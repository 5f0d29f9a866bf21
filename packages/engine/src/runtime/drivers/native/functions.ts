/** A pointer of C, as koffi gives it. */
export type Pointer = bigint;

/** What the functions below take. */
export interface ParameterTypes {
  pointer: Pointer | null;
  /** Passed without a copy, for C to use during the call. */
  memory: ArrayBufferView;
  text: string;
  texts: readonly string[];
  /** `ORTCHAR_T`: UTF-16 on Windows. */
  path: string;
  paths: readonly string[];
  int: number;
  size: number;
}

/** A function of onnxruntime's C API: where it stands in the table `OrtApi`, and its parameters before what it makes. */
export interface NativeFunction {
  readonly at: number;
  readonly takes: readonly (keyof ParameterTypes)[];
}

/** The version of `OrtApi` that has all of them. */
export const apiVersion = 18;

// Places in `struct OrtApi` of onnxruntime_c_api.h, which only ever grows at its end (onnxruntime's own assertions hold it).

/** Functions that give a status, and what they made through their last parameter. */
export const makers = {
  CreateEnv: { at: 3, takes: ['int', 'text'] },
  CreateSessionFromArray: { at: 8, takes: ['pointer', 'memory', 'size', 'pointer'] },
  CreateSessionOptions: { at: 10, takes: [] },
  CreateTensorWithDataAsOrtValue: { at: 49, takes: ['pointer', 'pointer', 'size', 'memory', 'size', 'int'] },
  CreateMemoryInfo: { at: 68, takes: ['text', 'int', 'int', 'int'] },
  GetAllocatorWithDefaultOptions: { at: 78, takes: [] },
  SessionEndProfiling: { at: 110, takes: ['pointer', 'pointer'] },
  CreateIoBinding: { at: 134, takes: ['pointer'] },
  CreateCUDAProviderOptions: { at: 205, takes: [] },
} as const satisfies Record<string, NativeFunction>;

/** Functions that give a status only. */
export const doers = {
  EnableProfiling: { at: 14, takes: ['pointer', 'path'] },
  DisableMemPattern: { at: 17, takes: ['pointer'] },
  SetSessionLogSeverityLevel: { at: 22, takes: ['pointer', 'int'] },
  SetSessionGraphOptimizationLevel: { at: 23, takes: ['pointer', 'int'] },
  AllocatorFree: { at: 76, takes: ['pointer', 'pointer'] },
  AddSessionConfigEntry: { at: 130, takes: ['pointer', 'text', 'text'] },
  RunWithBinding: { at: 133, takes: ['pointer', 'pointer', 'pointer'] },
  BindInput: { at: 136, takes: ['pointer', 'text', 'pointer'] },
  BindOutput: { at: 137, takes: ['pointer', 'text', 'pointer'] },
  BindOutputToDevice: { at: 138, takes: ['pointer', 'text', 'pointer'] },
  GetBoundOutputValues: { at: 140, takes: ['pointer', 'pointer', 'memory', 'memory'] },
  SynchronizeBoundInputs: { at: 202, takes: ['pointer'] },
  SessionOptionsAppendExecutionProvider_CUDA_V2: { at: 204, takes: ['pointer', 'pointer'] },
  UpdateCUDAProviderOptions: { at: 206, takes: ['pointer', 'texts', 'texts', 'size'] },
  AddExternalInitializersFromFilesInMemory: { at: 279, takes: ['pointer', 'paths', 'memory', 'memory', 'size'] },
} as const satisfies Record<string, NativeFunction>;

/** Functions that give nothing, and take null as well. */
export const releasers = {
  ReleaseStatus: { at: 93, takes: ['pointer'] },
  ReleaseSession: { at: 95, takes: ['pointer'] },
  ReleaseValue: { at: 96, takes: ['pointer'] },
  ReleaseSessionOptions: { at: 100, takes: ['pointer'] },
  ReleaseIoBinding: { at: 135, takes: ['pointer'] },
  ReleaseCUDAProviderOptions: { at: 208, takes: ['pointer'] },
} as const satisfies Record<string, NativeFunction>;
