import { readFile, stat } from 'node:fs/promises';
import { WeightsError } from '@fsc-clip/core';
import { type Refuse, reason } from '../files/refuse.js';

/** What `adapter_config.json` says that matters here. */
export interface PeftConfig {
  readonly loraAlpha: number;
  readonly rsLora: boolean;
  readonly base: string | undefined;
  /** Alpha of a module: its own where the config lists it. */
  alphaOf(module: string): number;
}

const largestConfig = 1_000_000;

/**
 * Reads `adapter_config.json`. The ranks in it are not needed: they are the shapes of the tensors.
 *
 * @throws WeightsError for other methods than LoRA, and for kinds of it that are not computed here (DoRA, biases, modules stored whole,
 * initialisations that change the base's weights)
 */
export async function readPeftConfig(path: string, refuse: Refuse): Promise<PeftConfig> {
  const json = await readJson(path, refuse);
  if (json['peft_type'] !== 'LORA') refuse('must be of `peft_type` LORA', JSON.stringify(json['peft_type'])?.slice(0, 40) ?? 'none');
  const unsupported = [
    ...['use_dora', 'use_qalora', 'use_bdlora', 'fan_in_fan_out', 'lora_bias', 'modules_to_save', 'layer_replication'],
    ...['alora_invocation_tokens', 'arrow_config', 'kasa_config', 'monteclora_config', 'velora_config'],
  ];
  const set = unsupported.find((key) => isSet(json[key]));
  if (set !== undefined) refuse(`must not set \`${set}\``, JSON.stringify(json[set]).slice(0, 40));
  if (json['bias'] !== undefined && json['bias'] !== 'none') refuse('must have `bias` none', String(json['bias']));
  const init = json['init_lora_weights'];
  if (typeof init === 'string' && !['gaussian', 'eva', 'orthogonal'].includes(init))
    refuse('must belong to unchanged weights', `init_lora_weights ${init}`, {
      hint: 'PEFT can convert it on saving: path_initial_model_for_weight_conversion',
    });

  const alpha = json['lora_alpha'];
  if (typeof alpha !== 'number' || !(alpha > 0)) return refuse('must have a `lora_alpha` above 0', String(alpha).slice(0, 40));
  const own = Object.entries(isRecord(json['alpha_pattern']) ? json['alpha_pattern'] : {});
  for (const [pattern, value] of own) {
    if (!/^[\w.]+$/.test(pattern) || typeof value !== 'number' || !(value > 0))
      refuse('must list alphas above 0 by ends of module names in `alpha_pattern`', `\`${pattern}\``);
  }
  const base = json['base_model_name_or_path'];
  return {
    loraAlpha: alpha,
    rsLora: json['use_rslora'] === true,
    base: typeof base === 'string' ? base : undefined,
    alphaOf: (module) => Number(own.find(([end]) => module === end || module.endsWith(`.${end}`))?.[1] ?? alpha),
  };
}

async function readJson(path: string, refuse: Refuse): Promise<Readonly<Record<string, unknown>>> {
  try {
    const { size } = await stat(path);
    if (size > largestConfig) refuse(`must be at most ${largestConfig} bytes long`, String(size));
    const json: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isRecord(json) ? json : refuse('must be a JSON object', 'something else');
  } catch (cause) {
    if (cause instanceof WeightsError) throw cause;
    return refuse('must be a readable JSON file', reason(cause), { cause });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0);
}
