// A worker thread that decodes and transforms pictures, until it is told to close.
import { parentPort } from 'node:worker_threads';
import { DataError, type Key } from '@fsc-clip/core';
import { workerOptions } from '@fsc-clip/core/worker';
import { evalTransform } from './eval-transform.js';
import type { RgbImage } from './image.js';
import type { TransformSettings } from './image-transform.js';
import { type ColourOrder, loadImage } from './load-image.js';
import { trainTransform } from './train-transform.js';

/** What the worker is started with. */
export interface WorkerSettings {
  readonly transform: TransformSettings;
  readonly colourOrder: ColourOrder;
}

/** One picture to load. */
export interface WorkerJob {
  readonly id: number;
  readonly source: string | Uint8Array | RgbImage;
  readonly name: string;
  readonly key: Key;
  /** An array for the result, of its size. */
  readonly into?: Float32Array;
}

/** A job's result: pixels, or what went wrong (`detail` when the data is to blame). */
export type WorkerReply =
  | { readonly id: number; readonly data: Float32Array; readonly shape: readonly number[] }
  | { readonly id: number; readonly detail: DataError['detail'] }
  | { readonly id: number; readonly error: unknown };

const { transform: settings, colourOrder } = workerOptions<WorkerSettings>();
const transform = settings.kind === 'eval' ? evalTransform(settings.options) : trainTransform(settings.options);
const port = parentPort!;

port.on('message', async (job: WorkerJob | 'close') => {
  if (job === 'close') {
    port.close(); // the thread ends by itself after the pictures it is still working on: terminating it could tear down a running decoder
    return;
  }
  const { id, source, name, key, into } = job;
  try {
    const { data, shape } = await loadImage(source, name, key, colourOrder, transform, into);
    port.postMessage({ id, data, shape } satisfies WorkerReply, [data.buffer as ArrayBuffer]);
  } catch (error) {
    if (error instanceof DataError)
      port.postMessage({ id, detail: { ...error.detail, cause: String(error.detail.cause) } } satisfies WorkerReply);
    else port.postMessage({ id, error } satisfies WorkerReply);
  }
});
