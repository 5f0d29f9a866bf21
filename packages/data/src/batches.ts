import { type Batch, createKey, DataError, foldIn, type HostArray, type Key, OptionError, randomStream } from '@fsc-clip/core';
import { captionSlots } from './caption-slots.js';
import { createImageLoader, type ImageLoader } from './image-loader.js';
import type { ImageTransform } from './image-transform.js';
import type { ColourOrder } from './load-image.js';
import type { NegativeGenerator, Tokenizer } from './negative-generator.js';
import { orderedMap } from './ordered-map.js';
import { prefetched } from './prefetched.js';
import { type OnError, report, type Sample } from './sample.js';
import { stackImages } from './stack-images.js';

/** Options of `batches`. */
export interface BatchesOptions {
  /** B: images per batch. */
  readonly batchSize: number;
  /** From pixels to f32 [3, S, S]: `trainTransform`, `evalTransform`, or a function of yours. */
  readonly transform: ImageTransform;
  readonly tokenizer: Tokenizer;
  /** Makes K negatives per caption. @defaultValue none, K = 0 */
  readonly negatives?: NegativeGenerator;
  /** Where all random numbers come from: order, crops, negatives. @defaultValue createKey(0) */
  readonly key?: Key;
  /** Folded into the key: another epoch, other numbers. @defaultValue 0 */
  readonly epoch?: number;
  /** Whether the order is random; the samples must then be an array. @defaultValue false */
  readonly shuffle?: boolean;
  /** Whether a last batch of fewer than B images is left out. @defaultValue true */
  readonly dropLast?: boolean;
  /** How many batches to leave out at the start, to resume a run; what follows is the same as without. @defaultValue 0 */
  readonly skipBatches?: number;
  /** Threads that decode and transform pictures; 0 does so in this thread. The batches are the same for any number. @defaultValue 1, or 0 for a transform of yours */
  readonly workers?: number;
  /** Batches kept ready while you work on one. @defaultValue 2 */
  readonly prefetch?: number;
  /** @defaultValue 'rgbFirst' */
  readonly colourOrder?: ColourOrder;
  /** A picture that cannot be loaded. When left out, the next sample takes its place in the batch. @defaultValue 'throw' */
  readonly onError?: OnError;
}

/** What has been loaded so far, counted when it is loaded: up to `prefetch` batches ahead of the loop. */
export interface BatchStats {
  readonly batches: number;
  readonly samples: number;
  /** Samples left out because of an error. */
  readonly skipped: number;
}

/** One pass over the samples. */
export type Batches = AsyncGenerator<Batch<HostArray>, void, undefined> & {
  readonly stats: BatchStats;
  /**
   * Gives the images of a batch back when nothing reads them any more; a later batch is written over them. Without it every batch is new memory (19 MB for
   * 32 pictures), which the garbage collector must find out to be unused: with it a thread loads a fifth more pictures.
   */
  recycle(batch: Batch<HostArray>): void;
};

/**
 * Makes training batches of samples: pictures decoded, transformed and stacked; captions and their negatives tokenised into static slots. One call is one
 * pass (epoch). Random numbers depend on `key`, `epoch` and each sample's own key alone, so neither order nor workers change them.
 *
 * @param samples - an array, or anything that can be iterated (`readCaptionTable(…)`)
 * @returns batches `{ images f32 [B, 3, S, S], texts i32 [B·(1+K), T], negativeMask f32 [K, B], keys }`, and `stats`. Leaving the loop ends the threads.
 * @throws OptionError when an option is out of its range
 * @throws DataError (while iterating) naming the file that cannot be loaded
 * @example
 * for await (const batch of batches(samples, { batchSize: 64, transform, tokenizer, negatives, key, epoch, shuffle: true })) {
 *   await step(state, batch, learningRate);
 * }
 */
export function batches(samples: Iterable<Sample> | AsyncIterable<Sample>, options: BatchesOptions): Batches {
  checkOptions(samples, options);
  const stats = { batches: 0, samples: 0, skipped: 0 };
  const spare: Float32Array[] = [];
  const recycle = ({ images }: Batch<HostArray>) => {
    if (images.data instanceof Float32Array) spare.push(images.data);
  };
  return Object.assign(run(samples, options, stats, spare), { stats, recycle });
}

async function* run(
  samples: Iterable<Sample> | AsyncIterable<Sample>,
  options: BatchesOptions,
  stats: Mutable<BatchStats>,
  spare: Float32Array[],
) {
  const { transform, colourOrder = 'rgbFirst', workers = transform.settings ? 1 : 0, prefetch = 2 } = options;
  const loader = createImageLoader(workers, transform, colourOrder);
  yield* prefetched(assemble(samples, options, loader, stats, spare), prefetch, loader.close);
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };
type Loaded = { readonly sample: Sample; readonly key: Key; readonly image: HostArray<Float32Array> | DataError };

async function* assemble(
  samples: Iterable<Sample> | AsyncIterable<Sample>,
  options: BatchesOptions,
  loader: ImageLoader,
  stats: Mutable<BatchStats>,
  spare: Float32Array[],
): AsyncGenerator<Batch<HostArray>, void, undefined> {
  const { batchSize, key = createKey(0), epoch = 0, shuffle = false, dropLast = true, skipBatches = 0, onError = 'throw' } = options;
  const ordered = shuffle ? randomStream(foldIn(key, 'order', epoch)).shuffle(samples as readonly Sample[]) : samples;
  // When no sample may be missing, position and count agree and nothing need be loaded to skip it.
  const [from, skip] = onError === 'throw' ? [after(ordered, skipBatches * batchSize), 0] : [ordered, skipBatches];
  const load = async (sample: Sample): Promise<Loaded> => {
    const sampleKey = foldIn(key, epoch, sample.key);
    const image = await loader.load(sample, foldIn(sampleKey, 'image')).catch((error: unknown) => {
      if (error instanceof DataError) return error;
      throw error;
    });
    return { sample, key: sampleKey, image };
  };
  let complete = 0;
  let group: { sample: Sample; key: Key; image: HostArray<Float32Array> }[] = [];
  const flush = async (): Promise<Batch<HostArray>> => {
    const items = group;
    group = [];
    stats.batches++;
    stats.samples += items.length;
    const images = stackImages(
      items.map(({ sample, image }) => [sample.key, image]),
      spare,
    );
    for (const { image } of items) loader.reuse(image);
    const negativeKeys = items.map(({ key: sampleKey }) => foldIn(sampleKey, 'negatives'));
    const taken = items.map(({ sample }) => sample);
    const texts = await captionSlots(taken, negativeKeys, options.negatives, options.tokenizer);
    return { images, ...texts, keys: taken.map((sample) => sample.key) };
  };
  for await (const { image, ...item } of orderedMap(from, load, batchSize)) {
    if (image instanceof DataError) {
      stats.skipped++;
      report(onError, image);
      continue;
    }
    group.push({ ...item, image });
    if (group.length < batchSize) continue;
    if (++complete > skip) {
      yield await flush();
      continue;
    }
    for (const { image } of group) loader.reuse(image);
    group = [];
  }
  if (!dropLast && group.length > 0) yield await flush();
}

async function* after(samples: Iterable<Sample> | AsyncIterable<Sample>, count: number): AsyncGenerator<Sample, void, undefined> {
  let position = 0;
  for await (const sample of samples) if (position++ >= count) yield sample;
}

function checkOptions(samples: unknown, options: BatchesOptions): void {
  const { batchSize, epoch = 0, skipBatches = 0, workers = 0, prefetch = 2, shuffle = false, transform } = options;
  const atLeast = (least: number, counts: Record<string, number>) => {
    for (const [argument, value] of Object.entries(counts)) {
      if (Number.isInteger(value) && value >= least) continue;
      throw new OptionError({ function: 'batches', argument, rule: `must be an integer of at least ${least}`, got: String(value) });
    }
  };
  atLeast(1, { batchSize });
  atLeast(0, { epoch, skipBatches, workers, prefetch });
  if (shuffle && !Array.isArray(samples)) {
    const hint = 'Collect them first: for await (const sample of source) samples.push(sample)';
    throw new OptionError({
      function: 'batches',
      argument: 'shuffle',
      rule: 'must be false unless the samples are an array',
      got: 'true',
      hint,
    });
  }
  if (workers > 0 && !transform.settings) {
    const hint = 'Set workers: 0 to run a function of your own in this thread';
    throw new OptionError({
      function: 'batches',
      argument: 'transform',
      rule: 'must be made by evalTransform or trainTransform to run in workers',
      hint,
    });
  }
}
