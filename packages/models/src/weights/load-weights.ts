import { type HostArray, type Params, WeightsError } from '@fsc-clip/core';
import { createParams, mapParams } from '@fsc-clip/core/tensor';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { refuser } from '../files/refuse.js';
import { isLora } from '../lora/adapters.js';
import { checkLoraScale } from '../lora/lora-scale.js';
import type { Model } from '../model/create-model.js';
import { mismatch } from './check-weights.js';
import { isFloat, type LazyWeights, readAll } from './lazy-weights.js';
import { openClipNames } from './open-clip-names.js';
import { openWeights } from './open-weights.js';
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
 * Reads weights from a safetensors file, a PyTorch file (`.pt`, `.pth`, `.bin`, `.ckpt`: a state_dict, a training checkpoint, or
 * OpenAI's TorchScript archive), or the several files that a `….index.json` names: open_clip's or transformers' names, float32, float16
 * or bfloat16, with or without adapters. Files are not trusted: see `readSafetensors` and `readTorch`.
 *
 * Activation: our own files say it in their header. Others cannot, so with a `model` they are refused unless the model was told
 * (`quickGelu`, a config with `quick_gelu`, or a name in `-quickgelu`).
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
    // Everything is checked before the first number is read.
    const fitting = resized(wanted, model, shorterTexts);
    const got = mismatch(model.shapes, fitting, { ignoreExtra });
    if (got !== '') throw new WeightsError({ function: 'loadWeights', argument: path, rule: "must hold the model's weights", got });
    const integers = Object.entries(fitting).find(([, array]) => !isFloat(array));
    if (integers)
      throw new WeightsError({
        function: 'loadWeights',
        argument: integers[0],
        rule: 'must be floating-point numbers',
        got: integers[1].dtype,
      });
    return { params: await readAll(fitting), metadata };
  } finally {
    await opened.close();
  }
}

function checkMetadata(path: string, metadata: Readonly<Record<string, string>>, model: Model, adapted: boolean): void {
  const refuse = refuser('loadWeights', path);
  const quickGelu = metadata['quick_gelu'];
  if (quickGelu === undefined && !model.quickGeluGiven) {
    const hint =
      'The activation belongs to the weights: createModel(…, { quickGelu: true }) for those of openai, metaclip, dfn2b and dfn5b, ' +
      'and laion400m on ViT-B-32; { quickGelu: false } for datacomp, laion2b, commonpool and the rest';
    refuse('must say its activation, or the model must', 'neither', { hint });
  }
  if (quickGelu !== undefined && quickGelu !== String(model.config.quick_gelu === true)) {
    const hint = `The activation belongs to the weights: createModel(…, { quickGelu: ${quickGelu === 'true'} })`;
    refuse("must have the model's quick_gelu", quickGelu, { hint });
  }
  if (adapted) checkLoraScale('loadWeights', path, metadata, model);
}

/** With position embeddings of the model's sizes, where the file's are of another grid or context. */
function resized(weights: LazyWeights, model: Model, shorter: 'linear' | 'cut'): LazyWeights {
  return mapParams(weights, (array, name) => {
    const rows = model.shapes[name]?.[0];
    const [from, width, ...rest] = array.shape;
    if (rows === undefined || from === undefined || width === undefined || rest.length > 0 || from === rows || !isFloat(array))
      return array;
    const resize = resizing(name, from, rows, shorter);
    if (!resize) return array;
    return { ...array, shape: [rows, width], read: async () => resize((await array.read()) as HostArray<Float32Array>) };
  });
}

type Resizing = (array: HostArray<Float32Array>) => HostArray;

/** How a position embedding comes to another number of rows; undefined for other weights, and where its grid is no square. */
function resizing(name: string, from: number, to: number, shorter: 'linear' | 'cut'): Resizing | undefined {
  if (name === 'positional_embedding') return (array) => resizeTextPositions(array, to, { shorter });
  const [old, side] = [Math.sqrt(from - 1), Math.sqrt(to - 1)];
  if (name !== 'visual.positional_embedding' || !Number.isInteger(old) || old < 1) return undefined;
  return (array) => resizeImagePositions(array, [old, old], [side, side]);
}
