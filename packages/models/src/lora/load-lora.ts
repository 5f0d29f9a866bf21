import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostArray } from '@fsc-clip/core';
import { mapParams, partitionParams } from '@fsc-clip/core/tensor';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { refuser } from '../files/refuse.js';
import type { Model } from '../model/create-model.js';
import { isFloat, readAll } from '../weights/lazy-weights.js';
import type { LoadedWeights } from '../weights/load-weights.js';
import { openClipNames } from '../weights/open-clip-names.js';
import { openWeights } from '../weights/open-weights.js';
import { isLora } from './adapters.js';
import { checkAdapters } from './check-adapters.js';
import { fromPeft } from './from-peft.js';
import { checkLoraScale } from './lora-scale.js';
import { readPeftConfig } from './peft-config.js';

/** Options of `loadLora` and `readLora`. */
export interface LoadLoraOptions {
  /** The model that will use the adapters: their names, shapes and scale are checked against it. */
  readonly model: Model;
}

/**
 * Reads adapters alone: from a weights file in the reference's layout (other weights in it are left out), or from PEFT's folder with
 * `adapter_config.json`. There, transformers' CLIPModel or open_clip is the base; q, k and v become one pair of adapters of three times
 * the rank. None of the files is trusted.
 *
 * @returns float32 tensors under the reference's names, owned by the caller: `mergeParams(base, params)` is the adapted model
 * @throws WeightsError for files that cannot be trusted, adapters that are not the model's, or that count otherwise than in the model
 * @example
 * const model = createModel('ViT-B-32-quickgelu', { loraAlpha: 16 });
 * const { params } = await loadLora('adapter', { model });
 */
export async function loadLora(path: string, options: LoadLoraOptions): Promise<LoadedWeights<Tensor>> {
  const { params, metadata } = await readLora(path, options);
  return { params: mapParams(params, ({ data, shape }) => tensor(data, [...shape])), metadata };
}

/** `loadLora` without making tensors. */
export async function readLora(path: string, { model }: LoadLoraOptions): Promise<LoadedWeights<HostArray>> {
  const folder = (await stat(path).catch(() => undefined))?.isDirectory() === true;
  return folder ? readPeft(path, model) : readReference(path, model);
}

async function readReference(path: string, model: Model): Promise<LoadedWeights<HostArray>> {
  const refuse = refuser('loadLora', path);
  const opened = await openWeights(path);
  try {
    const [adapters] = partitionParams(openClipNames(opened.weights), isLora);
    if (Object.keys(adapters).length === 0) refuse('must hold adapters', 'none', { hint: 'Whole weights are read by loadWeights' });
    checkLoraScale('loadLora', path, opened.metadata, model);
    checkAdapters('loadLora', path, model, adapters);
    const integers = Object.keys(adapters).find((name) => !isFloat(adapters[name]!));
    if (integers !== undefined) refuse(`must hold floats for \`${integers}\``, 'integers');
    return { params: await readAll(adapters), metadata: opened.metadata };
  } finally {
    await opened.close();
  }
}

async function readPeft(folder: string, model: Model): Promise<LoadedWeights<HostArray>> {
  const refuse = refuser('loadLora', folder);
  const config = await readPeftConfig(join(folder, 'adapter_config.json'), refuse);
  const { loraAlpha, rsLora, base } = config;
  checkLoraScale('loadLora', folder, { lora_alpha: String(loraAlpha), rs_lora: String(rsLora) }, model);
  const file = ['adapter_model.safetensors', 'adapter_model.bin'].find((name) => existsSync(join(folder, name)));
  if (file === undefined) return refuse('must hold adapter_model.safetensors or adapter_model.bin', 'neither');
  const opened = await openWeights(join(folder, file));
  try {
    const params = fromPeft(await readAll(opened.weights), config, model.shapes, refuse);
    checkAdapters('loadLora', folder, model, params);
    return { params, metadata: { ...opened.metadata, ...(base !== undefined && { base }) } };
  } finally {
    await opened.close();
  }
}
