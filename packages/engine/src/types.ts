import type { HostArray } from '@fsc-clip/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { CacheOptions } from './cache/cache-options.js';
import type { Exported } from './inspect/export.js';
import type { ExportOptions } from './inspect/export-options.js';
import type { MemoryEstimate } from './inspect/memory.js';
import type { Probes } from './inspect/probes.js';
import type { Profile } from './inspect/profile.js';
import type { Precision } from './precision/precision.js';

/** Where a compiled function runs. `eager` runs the plain function on the current tfjs backend, behind the same handles. */
export type Device = 'cpu' | 'webgpu' | 'cuda' | 'eager';

/** What a session runs in: a thread of the program, or a process of its own. */
export type Isolation = 'thread' | 'process';

/** Element types of arrays that cross into a program. */
export type DType = 'float32' | 'int32' | 'bool';

/** An array that lives in the engine's worker or on its device. Owned by whoever got it from a call; give it back with `dispose`. */
export interface DeviceArray {
  readonly shape: readonly number[];
  readonly dtype: DType;
  /** Copies the numbers to this thread. */
  read(): Promise<Float32Array | Int32Array | Uint8Array>;
  /** Frees it; using it afterwards throws. Safe to call twice. */
  dispose(): void;
}

/** What may stand where the function takes a tensor: tensors are copied in and never disposed; a number is a float32 scalar. */
export type ArrayLike = DeviceArray | HostArray | Tensor | number;

/** The arguments of a compiled function: the function's own trees, with any `ArrayLike` in the place of each tensor. */
export type Input<T> = T extends Tensor
  ? ArrayLike
  : T extends string | boolean | null | undefined
    ? T
    : { readonly [K in keyof T]: Input<T[K]> };

/** The result of a compiled function: its own tree, with a `DeviceArray` in the place of each tensor. */
export type Output<T> = T extends Tensor
  ? DeviceArray
  : T extends string | boolean | null | undefined | number
    ? T
    : { [K in keyof T]: Output<T[K]> };

/** A tree with a `DeviceArray` in the place of each array; all else is as it was. */
export type OnDevice<T> = T extends Tensor | HostArray | DeviceArray
  ? DeviceArray
  : T extends string | boolean | null | undefined | number
    ? T
    : { [K in keyof T]: OnDevice<T[K]> };

/** The arguments of a compiled function. */
export type Inputs<Args extends unknown[]> = { [I in keyof Args]: Input<Args[I]> };

/** Options of `jit`. */
export interface JitOptions {
  /** @defaultValue 'cpu' */
  readonly device?: Device;
  /**
   * Positions of arguments whose device arrays are consumed: their memory is given to the results, and using them again throws.
   * @defaultValue []
   */
  readonly donate?: readonly number[];
  /**
   * What matrix products and convolutions compute in; their operands are rounded, and all else (sums, softmax, norms, losses, the
   * optimizer, arguments and results) stays float32, as in PyTorch's autocast. Products inside `tidy('float32', () => …)` stay too, with
   * their gradients. `'fp16'` is there on `'cpu'` (to try it: no faster), `'webgpu'` with the feature shader-f16, and `'cuda'`;
   * `'bf16'` on `'cuda'`. Beyond 65504 an fp16 number is infinite: train with a scaled loss. `debug` runs in float32.
   * @defaultValue 'fp32'
   */
  readonly precision?: Precision;
  /**
   * On the cpu: whether onnxruntime's matrix products keep the weights that the function captured, in the order that they read them in. Each
   * product keeps a copy, and in training two products read a frozen weight. `false` holds captured weights once and feeds them to every
   * run: LoRA takes 4 to 13 % longer at a batch of 8, in 0.7 GB less (ViT-B/32), and is compiled sooner.
   * @defaultValue true
   */
  readonly prepack?: boolean;
  /**
   * How many programs are kept, one for each set of trees, shapes and types: beyond it the least recently used one is released.
   * @defaultValue 8
   */
  readonly maxPrograms?: number;
  /**
   * Keeps programs on disk for later starts of the same program. @defaultValue none are kept. `'eager'` and `debug` have no programs.
   */
  readonly cache?: CacheOptions;
  /**
   * Runs the plain function on the current tfjs backend, whatever the device, and ends at the first operation that gives NaN, or an
   * infinity out of finite numbers: a DataError names the tfjs kernel, its inputs and the line. Slow: reads every tensor, which must be
   * possible at once (tfjs's cpu, wasm, tfjs-node).
   * @defaultValue false
   */
  readonly debug?: boolean;
  /**
   * Where the session runs. In a `'thread'`, arguments move without a copy, and a crash inside onnxruntime or a GPU driver ends the
   * program. In a `'process'` of its own such a crash rejects the calls under way with a `DeviceError`, and the next call starts a new
   * process and compiles again; arguments and what is read are copied over a pipe, and arrays in the lost process are lost with it.
   * Arrays pass only between functions of equal `device` and `isolate`.
   * @defaultValue 'thread'
   */
  readonly isolate?: Isolation;
}

/** A compiled function. */
export interface Compiled<Args extends unknown[], Result> {
  (...args: Inputs<Args>): Promise<Output<Result>>;
  /**
   * Makes the program for such arguments and runs nothing: the first call is as fast as the next, and what the function captured may be
   * disposed. Consumes no argument. Where the plain function runs (`'eager'`, `debug`), there is nothing to make.
   *
   * @example
   * await step.compile(state, batch, 1e-5);
   * disposeParams(frozen); // the program has them
   */
  compile(...args: Inputs<Args>): Promise<void>;
  /**
   * Runs once and gives what `probe(name, tensor)` named inside the function, as numbers in this thread. Consumes no argument.
   *
   * @throws DeviceError when nothing is named
   */
  probes(...args: Inputs<Args>): Promise<Probes>;
  /**
   * Runs twice with onnxruntime's profiler and says where the time of the second run went: by tfjs kernel, by named scope
   * (`tidy('encoder', …)`, tfjs's `forward` and `backward`) and by line of the user's program. Consumes no argument.
   * On GPUs the times are those of submitting the work.
   *
   * @throws DeviceError on `device: 'eager'`
   * @example
   * console.log((await step.profile(state, batch, 1e-5)).table);
   */
  profile(...args: Inputs<Args>): Promise<Profile>;
  /**
   * Says, before anything is compiled or run, how many bytes calls with such arguments will hold: arguments, captured tensors, results, and
   * what the arena takes for what lives inside, by the order in which onnxruntime runs the program and by its planner's rules. Consumes no
   * argument and starts no worker. Of `'webgpu'` and `'cuda'` it counts arrays only, by the same rules, which their kernels do not all follow.
   * What Node and onnxruntime take for themselves, and what your program holds besides, comes on top.
   *
   * @throws DeviceError on `device: 'eager'`
   * @example
   * console.log((await step.memory(state, batch, 1e-5)).table);
   */
  memory(...args: Inputs<Args>): Promise<MemoryEstimate>;
  /**
   * Writes the program for these arguments' shapes as an ONNX file, in standard operators only; captured tensors are in it, or in
   * `path + '.data'` when they are larger than a protobuf can be. Inputs and outputs have the names of their places, e.g.
   * `arguments[0].images` and `result.loss`. Both files are written beside and renamed. Instead of a path, options: names, sizes left
   * open, integers as int64, smaller weights.
   *
   * @throws DeviceError where a size in `dynamicAxes` cannot be left open
   * @example
   * await encode.export({ path: 'model.onnx', dynamicAxes: { 'arguments[0]': { 0: 'batch' } } }, images);
   */
  export(options: string | ExportOptions, ...args: Inputs<Args>): Promise<Exported>;
  /** Frees all programs of this function, after the calls under way. Arrays that it returned stay valid; a later call compiles anew. */
  dispose(): Promise<void>;
}
