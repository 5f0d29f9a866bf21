import type { ExternalConstant } from '../onnx/encode.js';
import type { DType } from '../types.js';

/** The devices that a session can run on. */
export type SessionDevice = 'cpu' | 'webgpu' | 'cuda';

/** An argument of a run: numbers from this thread, or an array that the worker holds. */
export type RunInput =
  | { readonly name: string; readonly array: number }
  | {
      readonly name: string;
      readonly data: Float32Array | Int32Array | Uint8Array;
      readonly shape: readonly number[];
      readonly dtype: DType;
    };

/** A result of a program. */
export interface OutputSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** What the session worker is asked to do. Requests are carried out one after the other, in order. */
export type Request =
  | {
      readonly kind: 'compile';
      readonly program: number;
      readonly model: Uint8Array;
      /** Constants that the model names and does not hold. */
      readonly constants: readonly ExternalConstant[];
      readonly outputs: readonly OutputSpec[];
      /** Begin of the path that a profile is written to, when the program is released. */
      readonly profilePrefix?: string;
    }
  | {
      readonly kind: 'run';
      readonly program: number;
      readonly inputs: readonly RunInput[];
      /** The array that each output becomes, in the order of the program's outputs. */
      readonly results: readonly number[];
      /** Arrays whose memory is free after the run. */
      readonly donated: readonly number[];
    }
  | { readonly kind: 'read'; readonly array: number }
  | { readonly kind: 'free'; readonly arrays: readonly number[] }
  | { readonly kind: 'release'; readonly program: number };

export interface RequestMessage {
  readonly id: number;
  readonly request: Request;
}

export type ResponseMessage =
  | { readonly id: number; readonly data?: Float32Array | Int32Array | Uint8Array }
  | { readonly id: number; readonly error: string };
