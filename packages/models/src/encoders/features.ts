import type { HostArray } from '@fsc-clip/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { ReadableArray } from '../weights/array-source.js';

/** Features of one batch, f32 [batchSize, D]: numbers, the array of a compiled function, or a tensor of a plain one. */
export type Encoded = HostArray<Float32Array> | (ReadableArray & { dispose(): void }) | Tensor;

/** The numbers in this thread. What holds them elsewhere is disposed. */
export async function readFeatures(encoded: Encoded): Promise<HostArray<Float32Array>> {
  if (!('dispose' in encoded)) return encoded;
  try {
    const data = 'read' in encoded ? await encoded.read() : await encoded.data<'float32'>();
    return { data: data as Float32Array, shape: encoded.shape };
  } finally {
    encoded.dispose();
  }
}
