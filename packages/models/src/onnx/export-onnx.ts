import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostArray, Params } from '@fsc-clip/core';
import { matMul, mul, pad, type Tensor, type Tensor2D, transpose } from '@tensorflow/tfjs-core';
import { writeBeside } from '../files/write-beside.js';
import type { Model } from '../model/create-model.js';
import { checkWeights } from '../weights/check-weights.js';
import type { Normalization } from '../weights/origin-metadata.js';
import { exampleInput } from './example-input.js';
import { huggingFaceConfig, huggingFacePreprocessor } from './hugging-face-config.js';
import { huggingFaceTokenizer } from './hugging-face-tokenizer.js';

/** How far smaller weights carry an output, at some random pictures and texts. */
export interface WeightsDrift {
  /** The largest difference of a number. */
  readonly maxDifference: number;
  /** The smallest cosine between an output's row and the model's own. */
  readonly minCosine: number;
}

/** `jit` of `@fsc-clip/engine`, as far as an export needs it. */
export type ExportingJit = (fn: (...args: Tensor[]) => Readonly<Record<string, Tensor>>) => {
  export(
    options: {
      readonly path: string;
      readonly names: Readonly<Record<string, string>>;
      readonly dynamicAxes: Readonly<Record<string, Readonly<Record<number, string>>>>;
      readonly integers: 'int64';
      readonly weights: 'float32' | 'float16' | 'int8';
    },
    ...args: HostArray[]
  ): Promise<{ readonly files: readonly string[]; readonly drift?: Readonly<Record<string, WeightsDrift>> }>;
  dispose(): Promise<void>;
};

/** Options of `exportOnnx`: `mean` and `std` go into `preprocessor_config.json`, OpenAI's where there are none. */
export interface ExportOnnxOptions extends Partial<Normalization> {
  readonly model: Model;
  /** `jit` of `@fsc-clip/engine`. */
  readonly jit: ExportingJit;
  /**
   * The variants to write, under the names that transformers.js has for them: `float32` is `model.onnx`, `float16` `model_fp16.onnx`, half
   * as large and computed in float32, `int8` `model_quantized.onnx`, a quarter, matrix products in integers. @defaultValue ['float32']
   */
  readonly variants?: readonly OnnxVariant[];
  /** Is told of each file when it is written: large ones take seconds, and as long again where their drift is measured. */
  readonly onFile?: (path: string) => void | Promise<void>;
}

export type OnnxVariant = 'float32' | 'float16' | 'int8';

/** What `exportOnnx` wrote. */
export interface ExportedOnnx {
  readonly files: readonly string[];
  /** By variant, model and output: `drift.int8.text_model.text_embeds`. */
  readonly drift: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, WeightsDrift>>>>>>;
  /** Whether tokenizer files were written: for CLIP's own vocabulary only. */
  readonly tokenizer: boolean;
}

const suffixes: Readonly<Record<OnnxVariant, string>> = { float32: '', float16: '_fp16', int8: '_quantized' };

/**
 * Writes a model in Hugging Face's layout, for onnxruntime in any language and for transformers.js: `onnx/model.onnx` (both towers and
 * the logits), `onnx/text_model.onnx`, `onnx/vision_model.onnx`, `config.json`, `preprocessor_config.json` and CLIP's tokenizer. Any
 * number of images and texts; texts of any length up to the context, padded with zeros or end-of-text alike. `text_embeds` and
 * `image_embeds` have unit length, in all three models (transformers' own `…WithProjection` leave them unnormalised). Adapters are
 * computed unmerged, as they stand: `mergeLora` first makes the program smaller.
 *
 * @param folder - made where it does not exist; files of the same names are replaced
 * @returns the files, and how far the smaller variants are from the model itself, measured in onnxruntime
 * @throws WeightsError when the weights are not the model's, or a file cannot be written
 * @example
 * await exportOnnx('clip-onnx', params, { model, jit, variants: ['float32', 'int8'] });
 */
export async function exportOnnx(folder: string, params: Params<Tensor>, options: ExportOnnxOptions): Promise<ExportedOnnx> {
  const { model, jit, variants = ['float32'], onFile } = options;
  checkWeights(model, params);
  await mkdir(join(folder, 'onnx'), { recursive: true });
  const { vocab_size, context_length } = model.config.text_cfg;
  const tokenizer = vocab_size === clipVocabularySize;
  const texts: Readonly<Record<string, object>> = {
    'config.json': huggingFaceConfig(model.config),
    'preprocessor_config.json': huggingFacePreprocessor(model.config, options),
    ...(tokenizer && huggingFaceTokenizer(context_length)),
  };
  const files: string[] = [];
  const note = async (path: string) => {
    files.push(path);
    await onFile?.(path);
  };
  for (const [name, json] of Object.entries(texts)) {
    await writeBeside('exportOnnx', join(folder, name), (file) => file.writeFile(`${JSON.stringify(json, undefined, 2)}\n`));
    await note(join(folder, name));
  }
  const drift: Record<string, Record<string, Readonly<Record<string, WeightsDrift>>>> = {};
  for (const { name, fn, inputs, outputs, args } of programs(model, params)) {
    const step = jit(fn);
    for (const weights of variants) {
      const written = await step.export(
        {
          path: join(folder, 'onnx', `${name}${suffixes[weights]}.onnx`),
          names: Object.fromEntries([
            ...inputs.map((input, i) => [`arguments[${i}]`, input]),
            ...outputs.map((output) => [`result.${output}`, output]),
          ]),
          dynamicAxes: Object.fromEntries(inputs.map((input, i) => [`arguments[${i}]`, axes[input]])),
          integers: 'int64',
          weights,
        },
        ...args,
      );
      for (const file of written.files) await note(file);
      if (written.drift) (drift[weights] ??= {})[name] = written.drift;
    }
    await step.dispose();
  }
  return { files, drift, tokenizer };
}

const clipVocabularySize = 49408;

type InputName = 'input_ids' | 'pixel_values';

/** Open sizes, by the names that Hugging Face's own exports give them. */
const axes: Readonly<Record<InputName, Readonly<Record<number, string>>>> = {
  input_ids: { 0: 'text_batch_size', 1: 'sequence_length' },
  pixel_values: { 0: 'image_batch_size' },
};

interface OnnxProgram {
  readonly name: string;
  readonly fn: (...args: Tensor[]) => Readonly<Record<string, Tensor>>;
  readonly inputs: readonly InputName[];
  readonly outputs: readonly string[];
  readonly args: readonly HostArray[];
}

function programs(model: Model, params: Params<Tensor>): OnnxProgram[] {
  const context = model.config.text_cfg.context_length;
  const whole = (ids: Tensor) =>
    pad(ids as Tensor2D, [
      [0, 0],
      [0, context - ids.shape[1]!],
    ]);
  const { images, texts } = exampleInput(model.config);
  const joint = (ids: Tensor, pixels: Tensor) => {
    const { imageFeatures, textFeatures, logitScale } = model.apply(params, { images: pixels, texts: whole(ids) });
    const logits = mul(logitScale, matMul(imageFeatures, textFeatures, false, true)); // [B, N]
    return { logits_per_image: logits, logits_per_text: transpose(logits), text_embeds: textFeatures, image_embeds: imageFeatures };
  };
  return [
    {
      name: 'text_model',
      fn: (ids) => ({ text_embeds: model.encodeText(params, whole(ids!)) }),
      inputs: ['input_ids'],
      outputs: ['text_embeds'],
      args: [texts],
    },
    {
      name: 'vision_model',
      fn: (pixels) => ({ image_embeds: model.encodeImage(params, pixels!) }),
      inputs: ['pixel_values'],
      outputs: ['image_embeds'],
      args: [images],
    },
    {
      name: 'model',
      fn: (ids, pixels) => joint(ids!, pixels!),
      inputs: ['input_ids', 'pixel_values'],
      outputs: ['logits_per_image', 'logits_per_text', 'text_embeds', 'image_embeds'],
      args: [texts, images],
    },
  ];
}
