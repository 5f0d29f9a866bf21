import type { Params } from '@fsc-clip/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { createModel, type Model, type ModelOptions } from '../model/create-model.js';
import { clipMean, clipStd } from '../onnx/hugging-face-config.js';
import { type LoadWeightsOptions, loadWeights } from '../weights/load-weights.js';
import { type FetchPretrainedOptions, fetchPretrained, findPretrained } from './fetch-pretrained.js';
import type { PretrainedFile, PretrainedTag } from './manifest.js';

/** Options of `openPretrained`. */
export interface OpenPretrainedOptions
  extends FetchPretrainedOptions,
    Pick<ModelOptions, 'imageSize' | 'contextLength'>,
    Pick<LoadWeightsOptions, 'shorterTexts'> {
  /** A copy that you have already: nothing is looked for or downloaded. @defaultValue none */
  readonly file?: string;
}

/** How pictures become a checkpoint's input: options of `evalTransform` of `@fsc-clip/data`. */
export interface Preprocessing {
  /** Side of the square, in pixels. */
  readonly size: number;
  readonly resizeMode: 'shortest';
  readonly interpolation: 'bicubic';
  /** Per channel, of values in [0, 1]. */
  readonly mean: readonly [number, number, number];
  /** Per channel, of values in [0, 1]. */
  readonly std: readonly [number, number, number];
}

/** A checkpoint, ready to run. */
export interface Pretrained {
  /** With the activation and the scale of adapters that the checkpoint was trained with. */
  readonly model: Model;
  /** float32, under open_clip's names, owned by the caller. */
  readonly params: Params<Tensor>;
  readonly preprocessing: Preprocessing;
  /** What is known about it. */
  readonly source: PretrainedFile;
  /** The file that was read. */
  readonly path: string;
}

/**
 * Opens one of the known checkpoints (`pretrained` lists them) with the model that it belongs to; downloads it first where it is not in
 * the cache. A checkpoint with `-lora` holds adapters beside its base's weights: `mergeLora(params, model)` makes them one.
 *
 * @throws as `fetchPretrained` and `loadWeights`
 * @example
 * const { model, params, preprocessing } = await openPretrained('openai', { architecture: 'ViT-B-16' });
 */
export async function openPretrained(tag: PretrainedTag, options: OpenPretrainedOptions = {}): Promise<Pretrained> {
  const source = findPretrained('openPretrained', tag, options.architecture);
  const { imageSize, contextLength, shorterTexts } = options;
  const model = createModel(source.architecture, {
    quickGelu: source.quickGelu,
    ...(source.lora && { loraAlpha: source.lora.alpha }),
    ...(imageSize !== undefined && { imageSize }),
    ...(contextLength !== undefined && { contextLength }),
  });
  const path = options.file ?? (await fetchPretrained(tag, options));
  const { params } = await loadWeights(path, { model, ...(shorterTexts !== undefined && { shorterTexts }) });
  const size = model.config.vision_cfg.image_size;
  return {
    model,
    params,
    preprocessing: { size, resizeMode: 'shortest', interpolation: 'bicubic', mean: clipMean, std: clipStd },
    source,
    path,
  };
}
