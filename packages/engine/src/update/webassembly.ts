/** The part of WebAssembly that kernels need. TypeScript describes it in its library of browser types only, which does not belong in here. */
export interface Memory {
  readonly buffer: ArrayBuffer;
}

interface Api {
  readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => Memory;
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, unknown>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
  readonly compile: (bytes: Uint8Array) => Promise<object>;
}

export const webAssembly: Api = (globalThis as unknown as { WebAssembly: Api }).WebAssembly;
