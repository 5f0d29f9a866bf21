import { checkShapes, type HostArray } from '@fsc-clip/core';
import { type Encoded, readFeatures } from './features.js';

/** One batch, ready to run. Of the features that it gives, the first `filled` rows are asked for. */
export interface PreparedBatch {
  readonly filled: number;
  run(): Encoded | Promise<Encoded>;
}

/** Called after each batch with the number of items that have their features. */
export type EncodingProgress = (encoded: number) => void;

/**
 * The features of batch after batch, f32 [filled, D]. While one runs, the next is prepared, and nothing more: whoever takes the features
 * slowly slows the reading down.
 *
 * @throws ShapeError when the features are not [*, D], or of different D
 */
export async function* runBatches(
  caller: string,
  batches: AsyncGenerator<PreparedBatch>,
  onProgress?: EncodingProgress,
): AsyncGenerator<HostArray<Float32Array>> {
  let encoded = 0;
  let width = 0;
  let next = batches.next();
  try {
    for (let { value, done } = await next; !done; { value, done } = await next) {
      const { filled, run } = value as PreparedBatch;
      const running = Promise.resolve(run());
      next = batches.next();
      next.catch(() => {}); // it is awaited later; until then its failure is nobody's
      const features = await readFeatures(await running);
      checkShapes(caller, { features: [features, `* ${width || 'D'}`] });
      width = features.shape[1]!;
      encoded += filled;
      onProgress?.(encoded);
      yield { data: features.data.slice(0, filled * width), shape: [filled, width] };
    }
  } finally {
    await batches.return(undefined);
  }
}
