import type { HostArray, Params } from '@fsc-clip/core';
import { createKey } from '@fsc-clip/core';
import { type Device, jit } from '@fsc-clip/engine';
import { encodeDataset } from '@fsc-clip/evaluation';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Task, TestSet } from './task.js';

/** Features of everything in a test set, each encoded once. */
export interface Features {
  /** f32 [n, D], unit length, of pictures by their places in the test set. */
  images(pictures: readonly number[]): HostArray<Float32Array>;
  /** f32 [n, D], unit length. */
  texts(texts: readonly string[]): HostArray<Float32Array>;
}

/** Runs both towers over a test set. The weights are constants of the two programs. */
export async function encodeTestSet(
  { model, tokenizer, transform, test }: Pick<Task, 'model' | 'tokenizer' | 'transform' | 'test'>,
  params: Params<Tensor>,
  { device, batchSize }: { readonly device: Device; readonly batchSize: number },
): Promise<Features> {
  const places = new Map([...textsOf(test)].map((text, place) => [text, place] as const));
  async function* images() {
    for (const picture of test.pictures) yield transform(await picture(), createKey(0));
  }
  function* texts() {
    for (const text of places.keys()) yield { data: tokenizer.encodeBatch([text]).data, shape: [tokenizer.contextLength] };
  }
  const encodeImage = jit((batch: Tensor) => model.encodeImage(params, batch), { device });
  const encodeText = jit((batch: Tensor) => model.encodeText(params, batch), { device });
  try {
    const imageFeatures = await encodeDataset({ encode: encodeImage, items: images(), batchSize });
    const textFeatures = await encodeDataset({ encode: encodeText, items: texts(), batchSize });
    return {
      images: (pictures) => rowsOf(imageFeatures, pictures),
      texts: (wanted) =>
        rowsOf(
          textFeatures,
          wanted.map((text) => places.get(text)!),
        ),
    };
  } finally {
    await Promise.all([encodeImage.dispose(), encodeText.dispose()]);
  }
}

function textsOf({ counterPairs, foils, retrieval, zeroShot }: TestSet): Set<string> {
  return new Set([
    ...counterPairs.flatMap(({ captions }) => captions),
    ...foils.flatMap(({ caption, foil }) => [caption, foil]),
    ...retrieval.map(({ caption }) => caption),
    ...zeroShot.names,
  ]);
}

function rowsOf({ data, shape }: HostArray<Float32Array>, rows: readonly number[]): HostArray<Float32Array> {
  const width = shape[1]!;
  const picked = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    picked.set(data.subarray(row * width, (row + 1) * width), i * width);
  });
  return { data: picked, shape: [rows.length, width] };
}
