import { OptionError, type Params, type Shaped } from '@fsc-clip/core';
import { adapterRank, weightOfAdapter } from '../lora/adapters.js';
import type { Model } from '../model/create-model.js';
import { writeSafetensors } from '../safetensors/write-safetensors.js';
import { type Pickled, pickleDict, pickleOrderedDict, pickleText } from '../torch/pickle.js';
import { writeTorch } from '../torch/write-torch.js';
import { arraySource, type StoredFloats, type WritableArray } from './array-source.js';
import { checkWeights } from './check-weights.js';

/** Options of `saveWeights`. */
export interface SaveWeightsOptions {
  /** The weights' model: they are checked against it, and its activation and `lora_alpha` are written into the header. */
  readonly model?: Model;
  /** How floating-point numbers are stored. @defaultValue 'float32' */
  readonly dtype?: StoredFloats;
  /** More entries for the header. @defaultValue {} */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes weights, first beside their place, then renamed. Tensors are fetched one by one. With `float16` or `bfloat16` the file is half
 * as large and every number is rounded.
 *
 * @param path - `.safetensors`; or `.pt`, `.pth`, `.bin` for `{ state_dict, metadata }`, which `torch.load(path, weights_only=True)` and
 * open_clip read
 * @throws WeightsError when the weights are not the model's, a number does not fit float16, or the file cannot be written
 */
export async function saveWeights(path: string, params: Params<WritableArray>, options: SaveWeightsOptions = {}): Promise<void> {
  const { model, dtype = 'float32', metadata = {} } = options;
  const refuse = (argument: string, rule: string, got: string): never => {
    throw new OptionError({ function: 'saveWeights', argument, rule, got });
  };
  if (!['float32', 'float16', 'bfloat16'].includes(dtype)) refuse('dtype', "must be 'float32', 'float16' or 'bfloat16'", String(dtype));
  const torch = /\.(pt|pth|bin)$/.test(path);
  if (!torch && !path.endsWith('.safetensors')) refuse('path', 'must end in .safetensors, .pt, .pth or .bin', path);
  if (model) checkWeights(model, params);

  const header = { format: 'pt', ...metadata, ...headerOf(model, params) };
  const sources = Object.entries(params).map(([name, array]) => arraySource('saveWeights', name, array, dtype));
  if (!torch) return writeSafetensors('saveWeights', path, sources, header);
  await writeTorch('saveWeights', path, ({ tensor }) =>
    pickleDict([
      [pickleText('state_dict'), pickleOrderedDict(sources.map((source) => [pickleText(source.name), tensor(source)]))],
      [pickleText('metadata'), pickleTexts(header)],
    ]),
  );
}

/** What a file says about its weights' model. */
export function headerOf(model: Model | undefined, params: Params<Shaped>): Readonly<Record<string, string>> {
  if (!model) return {};
  const quickGelu = { quick_gelu: String(model.config.quick_gelu === true) };
  const ranks = new Set(
    Object.entries(params)
      .filter(([name]) => name.endsWith('lora_A') && model.shapes[weightOfAdapter(name)])
      .map(([name, { shape }]) => adapterRank(model.shapes[weightOfAdapter(name)]!, shape)),
  );
  if (ranks.size === 0) return quickGelu;
  return { ...quickGelu, lora_alpha: String(model.loraAlpha), rs_lora: String(model.rsLora), lora_rank: [...ranks].join(', ') };
}

/** A dictionary of texts. */
export function pickleTexts(texts: Readonly<Record<string, string>>): Pickled {
  return pickleDict(Object.entries(texts).map(([key, text]) => [pickleText(key), pickleText(text)]));
}
