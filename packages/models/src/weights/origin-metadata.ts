import { createHash } from 'node:crypto';
import { WeightsError } from '@fsc-clip/core';

/** Where weights come from, and what they must be fed with. */
export interface WeightsOrigin {
  /** What training began with, e.g. `openai`. */
  readonly base?: string;
  /** How their images were normalised: `preprocessing` of `openPretrained`, or what `evalTransform` was given. */
  readonly preprocessing?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  /** The merges of their tokenizer, e.g. `clipMerges()`. */
  readonly merges?: readonly string[];
  /** How they were trained: anything that JSON holds. */
  readonly recipe?: unknown;
}

/**
 * The origin of weights as entries for the header of their file, for the `metadata` of `saveWeights`, `saveLora` and
 * `saveTorchCheckpoint`; `loadWeights` and `loadLora` give them back. `base` is written as it is, `image_mean`, `image_std` (open_clip's
 * names) and `recipe` as JSON, and of the merges, each a line, the SHA-256 as `tokenizer_sha256`. Activation and adapters are written by
 * those functions themselves.
 *
 * @example
 * const metadata = originMetadata({ base: 'openai', preprocessing, merges: clipMerges(), recipe });
 * await saveWeights('model.safetensors', params, { model, metadata });
 */
export function originMetadata({ base, preprocessing, merges, recipe }: WeightsOrigin): Readonly<Record<string, string>> {
  return {
    ...(base !== undefined && { base }),
    ...(preprocessing && { image_mean: JSON.stringify(preprocessing.mean), image_std: JSON.stringify(preprocessing.std) }),
    ...(merges && { tokenizer_sha256: mergesHash(merges) }),
    ...(recipe !== undefined && { recipe: JSON.stringify(recipe) }),
  };
}

/** How images become a model's input, per channel, of values in [0, 1]. */
export interface Normalization {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/**
 * How the images of weights were normalised, as their file's header says: options for `evalTransform` and `exportOnnx`.
 *
 * @param metadata - by `loadWeights`, as `originMetadata` wrote it
 * @returns undefined where it says nothing: OpenAI's numbers, as a rule
 * @throws WeightsError when it is not three numbers for each, those of `image_std` above 0
 * @example
 * const { params, metadata } = await loadWeights('model.safetensors', { model });
 * const transform = evalTransform({ size: 224, ...originNormalization(metadata) });
 */
export function originNormalization(metadata: Readonly<Record<string, string>>): Normalization | undefined {
  const { image_mean: mean, image_std: std } = metadata;
  if (mean === undefined && std === undefined) return undefined;
  return { mean: channels('image_mean', mean), std: channels('image_std', std, 0) };
}

function channels(key: string, text = 'nothing', above = Number.NEGATIVE_INFINITY): [number, number, number] {
  let numbers: unknown;
  try {
    numbers = JSON.parse(text);
  } catch {
    numbers = undefined;
  }
  const isChannel = (value: unknown) => typeof value === 'number' && value > above;
  if (Array.isArray(numbers) && numbers.length === 3 && numbers.every(isChannel)) return numbers as [number, number, number];
  const rule = `must be three numbers${above === 0 ? ' above 0' : ''}, as JSON`;
  throw new WeightsError({ function: 'originNormalization', argument: `metadata.${key}`, rule, got: text.slice(0, 80) });
}

function mergesHash(merges: readonly string[]): string {
  const hash = createHash('sha256');
  for (const merge of merges) hash.update(`${merge}\n`);
  return hash.digest('hex');
}
