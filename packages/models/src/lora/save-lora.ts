import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type HostArray, OptionError, type Params, WeightsError } from '@fsc-clip/core';
import { createParams, partitionParams } from '@fsc-clip/core/tensor';
import { writeBeside } from '../files/write-beside.js';
import type { Model } from '../model/create-model.js';
import { numbers, type StoredFloats, type WritableArray } from '../weights/array-source.js';
import { headerOf, saveWeights } from '../weights/save-weights.js';
import { isLora } from './adapters.js';
import { checkAdapters } from './check-adapters.js';
import { toPeft } from './to-peft.js';

/** Options of `saveLora`. */
export interface SaveLoraOptions {
  /** The adapters' model: they are checked against it, and its activation and their scale are written. */
  readonly model: Model;
  /**
   * `reference`: one file under the reference's names. `peft`: a folder with `adapter_config.json` and `adapter_model.safetensors`, which
   * PEFT loads over transformers' CLIPModel; q, k and v have adapters of their own there. @defaultValue 'reference'
   */
  readonly layout?: 'reference' | 'peft';
  /** What the adapters belong to, e.g. `openai/clip-vit-base-patch32`. @defaultValue not written */
  readonly base?: string;
  /** How floating-point numbers are stored. @defaultValue 'float32' */
  readonly dtype?: StoredFloats;
  /** More entries for the header. @defaultValue {} */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes adapters alone, without the weights that they belong to.
 *
 * @param path - a `.safetensors`, `.pt`, `.pth` or `.bin` file; for `peft` a folder, made where missing
 * @param params - weights that are no adapters are left out
 * @throws WeightsError when there are no adapters, when they do not fit the model, or for an adapter that PEFT's layout cannot hold: that
 * of the patch embedding
 * @example
 * await saveLora('lora.safetensors', params, { model, base: 'openai' });
 */
export async function saveLora(path: string, params: Params<WritableArray>, options: SaveLoraOptions): Promise<void> {
  const { model, layout = 'reference', base, metadata, dtype = 'float32' } = options;
  const [adapters] = partitionParams(params, isLora);
  if (Object.keys(adapters).length === 0)
    throw new WeightsError({ function: 'saveLora', argument: 'params', rule: 'must hold adapters', got: 'none' });
  checkAdapters('saveLora', 'params', model, adapters);
  const header = { ...metadata, ...(base !== undefined && { base }), ...headerOf(model, adapters) };
  if (layout === 'reference') return saveWeights(path, adapters, { dtype, metadata: header });
  if (layout !== 'peft')
    throw new OptionError({ function: 'saveLora', argument: 'layout', rule: "must be 'reference' or 'peft'", got: String(layout) });

  const { tensors, config } = toPeft(await onHost(adapters), model, base);
  await mkdir(path, { recursive: true });
  await saveWeights(join(path, 'adapter_model.safetensors'), tensors, { dtype, metadata: header });
  const json = `${JSON.stringify(config, undefined, 2)}\n`;
  await writeBeside('saveLora', join(path, 'adapter_config.json'), (file) => file.writeFile(json));
}

async function onHost(params: Params<WritableArray>): Promise<Params<HostArray>> {
  const arrays: [string, HostArray][] = [];
  for (const [name, array] of Object.entries(params)) arrays.push([name, { data: await numbers(array), shape: array.shape }]);
  return createParams(arrays);
}
