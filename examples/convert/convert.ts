import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { OptionError, type Params } from '@fsc-clip/core';
import { mapParams } from '@fsc-clip/core/tensor';
import {
  type ExportedOnnx,
  exportOnnx,
  isLora,
  type Model,
  mergeLora,
  originNormalization,
  readWeights,
  saveWeights,
  type WritableArray,
} from '@fsc-clip/models';
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { findModel } from './find-model.js';
import type { ConvertOptions } from './options.js';

/**
 * Converts one file.
 *
 * @param say - is told each thing that was done, in a line
 */
export async function convert(options: ConvertOptions, say: (line: string) => void): Promise<void> {
  const { input, output, to, dtype } = options;
  const file = await readWeights(input);
  const adapters = Object.keys(file.params).filter(isLora).length;
  say(`read ${basename(input)}, ${await size(input)}: ${count(file.params)}${adapters > 0 ? `, adapters among them: ${adapters}` : ''}`);

  const { quickGelu, loraAlpha, rsLora } = said(file.metadata, options);
  const lora = { loraAlpha: loraAlpha ?? 1, rsLora };
  const known = to === 'onnx' || options.model !== undefined;
  const model = known ? await findModel(file.params, { model: options.model, quickGelu, ...lora }) : undefined;
  // With a model it is read once more: everything is checked, and positions are resized to the model's.
  const { params } = model ? await readWeights(input, { model }) : file;
  if (model) say(`model: ${describe(model)}`);
  const activation = model ? model.config.quick_gelu : quickGelu;
  say(`activation: ${activation === undefined ? 'not known; --activation writes it into the file' : activation ? 'quickgelu' : 'gelu'}`);

  const merging = options.mergeLora && adapters > 0;
  if (options.mergeLora) say(merging ? `merged ${adapters / 2} pairs of adapters, ${scaleText(lora, loraAlpha)}` : 'no adapters to merge');
  const tensors = () => mapParams(params, ({ data, shape }) => tensor(data, [...shape]));
  const merged: Params<WritableArray & { shape: readonly number[] }> = merging ? mergeLora(tensors(), lora) : params;

  if (to === 'onnx') {
    const { jit } = await import('@fsc-clip/engine');
    const weights = merging ? (merged as Params<Tensor>) : tensors();
    const normalization = originNormalization(file.metadata);
    const onFile = async (path: string) => say(`wrote ${path}, ${await size(path)}`);
    const exported = await exportOnnx(output, weights, { ...normalization, model: model!, jit, variants: options.variants, onFile });
    return sayExported(exported, model!, say);
  }
  const header = {
    ...(merging ? withoutLora(file.metadata) : file.metadata),
    ...(activation !== undefined && { quick_gelu: String(activation) }),
    ...(adapters > 0 && !merging && loraAlpha !== undefined && { lora_alpha: String(loraAlpha), rs_lora: String(rsLora) }),
  };
  await saveWeights(output, merged, { dtype, metadata: header, ...(model && { model }) });
  say(`wrote ${basename(output)}, ${await size(output)}: ${count(merged)} as ${dtype}`);
}

/** What the options and the file's header say of the weights. */
function said(metadata: Readonly<Record<string, string>>, { quickGelu, loraAlpha }: ConvertOptions) {
  const header = metadata['quick_gelu'];
  if (header !== undefined && quickGelu !== undefined && header !== String(quickGelu)) {
    const got = quickGelu ? 'quickgelu' : 'gelu';
    throw new OptionError({ function: 'convert', argument: '--activation', rule: "must be the one in the file's header", got });
  }
  const alpha = metadata['lora_alpha'];
  return {
    quickGelu: quickGelu ?? (header === undefined ? undefined : header === 'true'),
    loraAlpha: loraAlpha ?? (alpha === undefined ? undefined : Number(alpha)),
    rsLora: metadata['rs_lora'] === 'true',
  };
}

function withoutLora(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !['lora_alpha', 'lora_rank', 'rs_lora'].includes(key)));
}

function sayExported({ drift, tokenizer }: ExportedOnnx, model: Model, say: (line: string) => void): void {
  if (!tokenizer) say(`no tokenizer: a vocabulary of ${model.config.text_cfg.vocab_size} is not CLIP's`);
  for (const [variant, models] of Object.entries(drift)) {
    for (const [name, outputs] of Object.entries(models)) {
      for (const [output, { maxDifference, minCosine }] of Object.entries(outputs).filter(([name]) => name.endsWith('_embeds'))) {
        const numbers = `at most ${maxDifference.toExponential(1)} off, cosine at least ${minCosine.toFixed(6)}`;
        say(`${variant} ${name} ${output}: ${numbers}, at random pictures and texts`);
      }
    }
  }
}

function scaleText({ loraAlpha, rsLora }: { loraAlpha: number; rsLora: boolean }, known: number | undefined): string {
  return `each ${loraAlpha} / ${rsLora ? '√rank' : 'rank'} times${known === undefined ? ' (the reference’s; the file does not say)' : ''}`;
}

function describe({ config: { embed_dim, vision_cfg, text_cfg } }: Model): string {
  const tower = ({ layers, width }: { layers: number; width: number }) => `${layers} layers of ${width}`;
  const image = `images of ${vision_cfg.image_size} in patches of ${vision_cfg.patch_size}, ${tower(vision_cfg)}`;
  return `${image}; texts of ${text_cfg.context_length}, ${tower(text_cfg)}; features of ${embed_dim}`;
}

function count(params: Params<{ readonly shape: readonly number[] }>): string {
  const shapes = Object.values(params).map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  return `${shapes.length} tensors, ${shapes.reduce((a, b) => a + b, 0).toLocaleString('en')} numbers`;
}

async function size(path: string): Promise<string> {
  const bytes = (await stat(path)).size;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
