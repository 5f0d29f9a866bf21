import { pixelKernels } from './pixel-kernels-data.js';

/** The functions of pixel-kernels.wat over their memory. Numbers are byte addresses, unless a name says otherwise. */
export interface PixelKernels {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number };
  filterRows(
    source: number,
    sourceStride: number,
    target: number,
    targetStride: number,
    rows: number,
    starts: number,
    weights: number,
    outputs: number,
    pairs: number,
    channels: number,
  ): void;
  normalise(source: number, target: number, planeBytes: number, pixels: number, moments: number): void;
  filterColumns(source: number, stride: number, target: number, bytes: number, weights: number, pairs: number): void;
}

/** The part of WebAssembly that is used here. TypeScript describes it in its library of browser types only, which does not belong in here. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: PixelKernels };
};

const PAGE = 2 ** 16;
let kernels: PixelKernels | undefined;

/** The kernels with a memory of at least `bytes`. What lies in it is anybody's until the next call: nothing here waits in between. */
export function kernelsOver(bytes: number): PixelKernels {
  kernels ??= new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(pixelKernels, 'base64'))).exports;
  const lacking = bytes - kernels.memory.buffer.byteLength;
  if (lacking > 0) kernels.memory.grow(Math.ceil(lacking / PAGE));
  return kernels;
}
