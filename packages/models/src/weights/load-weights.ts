import { type HostArray, type Params, WeightsError } from '@fsc-clip/core';
import { createParams, mapParams } from '@fsc-clip/core/tensor';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { isLora } from '../lora/adapters.js';
import type { Model } from '../model/create-model.js';
import { mismatch } from './check-weights.js';
import { openClipNames } from './open-clip-names.js';
import { type LazyWeights, openWeights } from './open-weights.js';
import { resizeImagePositions, resizeTextPositions } from './resize-positions.js';

/** Options of `loadWeights` and `readWeights`. */
export interface LoadWeightsOptions {
  /**
   * The model that will use the weights. With it, position embeddings are resized to the model's image size and context, and everything is
   * checked: names, shapes, activation. Without it, the weights come as the file holds them, under open_clip's names.
   */
  readonly model?: Model;
  /** How text positions become fewer: interpolated as open_clip does, or the first ones kept. @defaultValue 'linear' */
  readonly shorterTexts?: 'linear' | 'cut';
  /** Leave out what the model does not have, instead of refusing the file. @defaultValue false */
  readonly ignoreExtra?: boolean;
}

/** Weights with what the file says about itself. */
export interface LoadedWeights<A> {
  readonly params: Params<A>;
  /** The file's header, e.g. `quick_gelu`; empty for files that say nothing. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads weights from a `.safetensors` file or a `.safetensors.index.json` of several: open_clip's or transformers' names, float32,
 * float16 or bfloat16, with or without adapters.
 *
 * @returns float32 tensors under open_clip's names, owned by the caller
 * @throws WeightsError for a file that cannot be trusted, or weights that are not the model's
 * @example
 * const model = createModel('ViT-B-32-quickgelu');
 * const { params } = await loadWeights('model.safetensors', { model });
 */
export async function loadWeights(path: string, options: LoadWeightsOptions = {}): Promise<LoadedWeights<Tensor>> {
  const { params, metadata } = await readWeights(path, options);
  return { params: mapParams(params, ({ data, shape }) => tensor(data, [...shape])), metadata };
}

/** `loadWeights` without making tensors: the arrays can be given to compiled functions as they are. */
export async function readWeights(path: string, options: LoadWeightsOptions = {}): Promise<LoadedWeights<HostArray>> {
  const { model, shorterTexts = 'linear', ignoreExtra = false } = options;
  const opened = await openWeights(path);
  try {
    const { metadata } = opened;
    const weights = openClipNames(opened.weights);
    if (!model) return { params: await readAll(weights), metadata };
    checkMetadata(path, metadata, model, Object.keys(weights).some(isLora));
    const wanted = ignoreExtra ? createParams(Object.entries(weights).filter(([name]) => model.shapes[name] || isLora(name))) : weights;
    const params = resized(await readAll(wanted), model, shorterTexts);
    const got = mismatch(model.shapes, params, { ignoreExtra });
    if (got !== '') throw new WeightsError({ function: 'loadWeights', argument: path, rule: "must hold the model's weights", got });
    for (const [name, { data }] of Object.entries(params)) {
      if (!(data instanceof Float32Array))
        throw new WeightsError({ function: 'loadWeights', argument: name, rule: 'must be floating-point numbers', got: 'integers' });
    }
    return { params, metadata };
  } finally {
    await opened.close();
  }
}

/** One after the other: at most one tensor's raw bytes are held besides the result. */
async function readAll(weights: LazyWeights): Promise<Params<HostArray>> {
  const params: [string, HostArray][] = [];
  for (const [name, read] of Object.entries(weights)) params.push([name, await read()]);
  return createParams(params);
}

function checkMetadata(path: string, metadata: Readonly<Record<string, string>>, model: Model, adapted: boolean): void {
  const quickGelu = metadata['quick_gelu'];
  if (quickGelu !== undefined && quickGelu !== String(model.config.quick_gelu === true)) {
    const hint = `The activation belongs to the weights: createModel(…, { quickGelu: ${quickGelu} })`;
    throw new WeightsError({ function: 'loadWeights', argument: path, rule: "must have the model's quick_gelu", got: quickGelu, hint });
  }
  const alpha = metadata['lora_alpha'];
  if (adapted && alpha !== undefined && Number(alpha) !== model.loraAlpha) {
    const hint = `The scale belongs to the adapters: createModel(…, { loraAlpha: ${alpha} })`;
    throw new WeightsError({ function: 'loadWeights', argument: path, rule: "must have the model's lora_alpha", got: alpha, hint });
  }
}

/** With position embeddings of the model's sizes, where the file's are of another grid or context. */
function resized(params: Params<HostArray>, model: Model, shorter: 'linear' | 'cut'): Params<HostArray> {
  return mapParams(params, (value, name) => {
    const rows = model.shapes[name]?.[0];
    if (rows === undefined || value.shape.length !== 2 || value.shape[0] === rows || !isFloats(value)) return value;
    if (name === 'positional_embedding') return resizeTextPositions(value, rows, { shorter });
    const from = Math.sqrt(value.shape[0]! - 1);
    if (name !== 'visual.positional_embedding' || !Number.isInteger(from) || from < 1) return value;
    const to = Math.sqrt(rows - 1);
    return resizeImagePositions(value, [from, from], [to, to]);
  });
}

function isFloats(array: HostArray): array is HostArray<Float32Array> {
  return array.data instanceof Float32Array;
}
