import { type HostArray, type Params, ShapeError } from '@fsc-clip/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Model } from '../model/create-model.js';
import { createTokenizer } from '../tokenizer/create-tokenizer.js';
import type { Tokenizer } from '../tokenizer/tokenizer.js';
import { type CompiledTower, type CompileTower, runPlain } from './compile-encoder.js';
import { checkBatchSize } from './encode-batches.js';
import { itemBatches } from './item-batches.js';
import { type EncodingProgress, type PreparedBatch, runBatches } from './run-batches.js';
import { type TextShapes, type TokenIds, textBatches, textShapes } from './text-batches.js';

/** Options of `createEncoder`. */
export interface EncoderOptions {
  /**
   * `jit` of `@fsc-clip/engine`, or `(tower) => jit(tower, { device })`: the weights are constants of the programs.
   * @defaultValue no compilation: the current tfjs backend
   */
  readonly jit?: CompileTower;
  /** Images of a run; texts of a run at most. @defaultValue 32 */
  readonly batchSize?: number;
  /** Turns captions into ids. @defaultValue CLIP's, with the context of the model */
  readonly tokenizer?: Pick<Tokenizer, 'encode'>;
}

/** Options of one pass over images or texts. */
export interface EncodeOptions {
  /** @defaultValue nobody is told */
  readonly onProgress?: EncodingProgress;
}

/** Image f32 [3, S, S], normalised, as it is or as its numbers alone. */
export type EncoderImage = Float32Array | HostArray<Float32Array>;

/** A caption, or its ids from start-of-text to end-of-text; zeros behind them are padding. */
export type EncoderText = string | TokenIds;

/** Both towers over any number of images and texts. */
export interface Encoder {
  /**
   * Unit features of images, f32 [n, D] a batch, in their order.
   *
   * @throws ShapeError, from the iteration, for an image that is not [3, S, S]
   */
  encodeImages(
    images: Iterable<EncoderImage> | AsyncIterable<EncoderImage>,
    options?: EncodeOptions,
  ): AsyncGenerator<HostArray<Float32Array>>;
  /**
   * Unit features of texts, f32 [n, D] a batch, in their order. Texts are packed; n is at most the batch size.
   *
   * @throws ShapeError, from the iteration, for ids of more positions than the model has
   */
  encodeTexts(texts: Iterable<EncoderText> | AsyncIterable<EncoderText>, options?: EncodeOptions): AsyncGenerator<HostArray<Float32Array>>;
  /** Frees the programs. The weights stay the caller's. */
  dispose(): Promise<void>;
}

/**
 * An encoder for any number of images and texts: `Iterable`s and `AsyncIterable`s go in one by one, features come out batch by batch, and
 * memory holds no more than the batch that runs and the one that is prepared meanwhile.
 *
 * Batches have few shapes, so that a compiled encoder compiles little: the last images are filled up, and texts are packed into the shape
 * that the first whole batch of texts suggested. Each tower is compiled when it is first used; texts longer than all before may compile
 * once more.
 *
 * @param params - weights of both towers, or of the one that is used; adapters are used where they stand, faster merged by `mergeLora`.
 *   They must not be disposed before the encoder
 * @throws OptionError when `batchSize` is no positive integer
 * @example
 * const encoder = createEncoder(model, params, { jit });
 * for await (const { data, shape } of encoder.encodeImages(images)) await file.write(data); // f32 [n, D]
 * const captions = await collectFeatures(encoder.encodeTexts(['a cat on a dog', 'a dog on a cat']));
 * await encoder.dispose();
 */
export function createEncoder(model: Model, params: Params<Tensor>, options: EncoderOptions = {}): Encoder {
  const { jit = runPlain, batchSize = 32 } = options;
  checkBatchSize('createEncoder', batchSize);
  const { vision_cfg: vision, text_cfg: text } = model.config;
  const compiled: { images?: CompiledTower; texts?: CompiledTower } = {};
  let tokenizer = options.tokenizer;
  let learned: TextShapes | undefined;

  async function* imageRuns(images: Iterable<EncoderImage> | AsyncIterable<EncoderImage>): AsyncGenerator<PreparedBatch> {
    compiled.images ??= jit((input) => model.encodeImage(params, input as Tensor));
    const tower = compiled.images;
    const items = mapped(images, (image) => checkImage(image, vision.image_size));
    for await (const { batch, filled } of itemBatches('encodeImages', items, batchSize)) yield { filled, run: () => tower(batch) };
  }
  async function* textRuns(texts: Iterable<EncoderText> | AsyncIterable<EncoderText>): AsyncGenerator<PreparedBatch> {
    compiled.texts ??= jit((input) => model.encodeText(params, input));
    const tower = compiled.texts;
    const encode = (caption: string) => (tokenizer ??= createTokenizer({ contextLength: text.context_length })).encode(caption);
    const ids = mapped(texts, (item) => checkIds(typeof item === 'string' ? encode(item) : item, text.context_length));
    const shapesFor = (first: readonly TokenIds[]) => {
      if (learned) return learned;
      const shapes = textShapes(first, text.context_length, text.width);
      if (first.length === batchSize) learned = shapes;
      return shapes;
    };
    for await (const { packed, filled } of textBatches(ids, batchSize, shapesFor)) yield { filled, run: () => tower(packed) };
  }

  return {
    encodeImages: (images, { onProgress } = {}) => runBatches('encodeImages', imageRuns(images), onProgress),
    encodeTexts: (texts, { onProgress } = {}) => runBatches('encodeTexts', textRuns(texts), onProgress),
    dispose: async () => {
      await Promise.all([compiled.images?.dispose(), compiled.texts?.dispose()]);
    },
  };
}

async function* mapped<A, B>(items: Iterable<A> | AsyncIterable<A>, f: (item: A) => B): AsyncGenerator<B> {
  for await (const item of items) yield f(item);
}

function checkImage(image: EncoderImage, side: number): HostArray<Float32Array> {
  const item = 'data' in image ? image : { data: image, shape: [image.length / side ** 2, side, side] };
  if (item.data instanceof Float32Array && String(item.shape) === String([3, side, side])) return item;
  const got = 'data' in image ? `${image.data.constructor.name} [${image.shape.join(', ')}]` : `${image.length} numbers`;
  throw new ShapeError({ function: 'encodeImages', argument: 'images', rule: `must each be f32 [3, ${side}, ${side}]`, got });
}

function checkIds(ids: TokenIds, context: number): TokenIds {
  if (ids.length <= context) return ids;
  const rule = `must each have at most ${context} positions`;
  throw new ShapeError({ function: 'encodeTexts', argument: 'texts', rule, got: String(ids.length) });
}
