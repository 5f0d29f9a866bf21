import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { OptionError, type Params } from '@fsc-clip/core';
import { type ClipConfig, createModel, createTokenizer, loadWeights, type Model, type ModelName, type Tokenizer } from '@fsc-clip/models';
import type { Tensor } from '@tensorflow/tfjs-core';
import { createSmallClip } from '../small-clip/small-clip.js';
import type { OwnModel } from './options.js';

/** A pretrained model: what every fine-tuning starts from. */
export interface StartModel {
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly params: Params<Tensor>;
}

/** Weights of the small CLIP, made by `npm run pretrain`. */
const base = fileURLToPath(new URL('../small-clip/base.safetensors', import.meta.url));

/** The small CLIP for emoji scenes, or a model of the user's. */
export async function openStartModel(own: OwnModel | undefined): Promise<StartModel> {
  const { model, tokenizer } = own === undefined ? createSmallClip() : await createOwnModel(own);
  const { params } = await loadWeights(own?.weights ?? base, { model });
  return { model, tokenizer, params };
}

async function createOwnModel({ model: name, quickGelu }: OwnModel): Promise<Omit<StartModel, 'params'>> {
  const config = name.endsWith('.json') ? await readConfig(name) : (name as ModelName);
  const model = createModel(config, quickGelu === undefined ? {} : { quickGelu });
  return { model, tokenizer: createTokenizer({ contextLength: model.config.text_cfg.context_length }) };
}

async function readConfig(path: string): Promise<ClipConfig> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new OptionError({ function: 'quickstart', argument: '--model', rule: 'must be a name or a readable JSON config', got, cause });
  }
}
