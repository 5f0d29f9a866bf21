import type { ExternalConstant } from '../onnx/encode.js';
import type { DType } from '../types.js';
import type { TensorSource, UpdateSpec } from '../update/run-updates.js';

/** The devices that a session can run on. */
export type SessionDevice = 'cpu' | 'webgpu' | 'cuda';

/** The elements of an array; bool is one byte each. */
export type Numbers = Float32Array | Int32Array | Uint8Array;

/** An array that comes with a message. */
export interface HostNumbers {
  readonly data: Numbers;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** An array of zeros, as an optimizer's moments begin: nothing to copy, and no memory until somebody writes to it. */
export interface HostZeros {
  readonly zeros: true;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** An argument of a run: numbers of the user's thread, or an array that the worker holds. */
export type RunInput = { readonly name: string } & ({ readonly array: number } | HostNumbers | HostZeros);

/** What a program gives. */
export interface OutputSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** What a call gives: an output of the program, or the argument that was updated in place. */
export type ResultSpec = TensorSource & { readonly shape: readonly number[] };

/** What happens to donated state after each run. */
export interface UpdatesSpec {
  /** A WebAssembly module of kernels. */
  readonly module: Uint8Array;
  readonly calls: readonly UpdateSpec[];
  readonly results: readonly ResultSpec[];
}

/** A program, encoded. */
export interface ProgramSpec {
  readonly model: Uint8Array;
  /** Constants that the model names and does not hold. */
  readonly constants: readonly ExternalConstant[];
  readonly outputs: readonly OutputSpec[];
  /** What the first run makes the arena ready for; absent where it is little. */
  readonly arenaBytes?: number;
  /** Absent where the results are the outputs. */
  readonly updates?: UpdatesSpec;
}

/** What the session worker is asked to do. Requests are carried out one after the other, in order. */
export type Request =
  | {
      readonly kind: 'compile';
      readonly program: number;
      readonly spec: ProgramSpec;
      /** Begin of the path that a profile is written to, when the program is released. */
      readonly profilePrefix?: string | undefined;
    }
  | {
      readonly kind: 'run';
      readonly program: number;
      readonly inputs: readonly RunInput[];
      /** The array that each result becomes. */
      readonly results: readonly number[];
      /** Arrays whose memory is free after the run. */
      readonly donated: readonly number[];
    }
  | { readonly kind: 'put'; readonly array: number; readonly numbers: HostNumbers | HostZeros }
  | { readonly kind: 'read'; readonly array: number }
  | { readonly kind: 'free'; readonly arrays: readonly number[] }
  | { readonly kind: 'release'; readonly program: number };

/** Carries out a request; what is read is the answer. */
export type CarryOut = (request: Request) => Promise<Numbers | undefined>;

export interface RequestMessage {
  readonly id: number;
  readonly request: Request;
}

export type ResponseMessage = { readonly id: number; readonly data?: Numbers } | { readonly id: number; readonly error: string };
