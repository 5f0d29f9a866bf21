import { createHash } from 'node:crypto';

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

function mergesHash(merges: readonly string[]): string {
  const hash = createHash('sha256');
  for (const merge of merges) hash.update(`${merge}\n`);
  return hash.digest('hex');
}
