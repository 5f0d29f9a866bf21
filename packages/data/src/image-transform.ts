import type { HostArray, Key } from '@fsc-clip/core';
import type { EvalTransformOptions } from './eval-transform.js';
import type { OpenedImage, RgbImage } from './image.js';
import type { TrainTransformOptions } from './train-transform.js';

/**
 * From pixels to what a model sees: f32 [3, S, S], normalised. A transform without `settings` is any function of yours; one with settings
 * (`evalTransform`, `trainTransform`) can also be rebuilt in a worker thread.
 *
 * The key is for random transforms: the same key, the same result. The result may be written into `into`, an array of its size that is no longer
 * used; a function of yours is not given one.
 */
export interface ImageTransform {
  (image: RgbImage | OpenedImage, key: Key, into?: Float32Array): HostArray<Float32Array>;
  readonly settings?: TransformSettings;
}

/** Plain data that says what a transform does; `kind` names the function that makes it. */
export type TransformSettings =
  | { readonly kind: 'eval'; readonly options: EvalTransformOptions }
  | { readonly kind: 'train'; readonly options: TrainTransformOptions };
