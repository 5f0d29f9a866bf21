import { OptionError } from '@fsc-clip/core';
import { refuser } from '../files/refuse.js';

/** How strongly adapters count. */
export interface LoraScale {
  /** Adapters count `loraAlpha / rank` times. @defaultValue 1 */
  readonly loraAlpha?: number;
  /** Rank-stabilised (arXiv 2312.03732): adapters count `loraAlpha / √rank` times. @defaultValue false */
  readonly rsLora?: boolean;
}

/**
 * What `B A` is multiplied by.
 *
 * @throws OptionError when `loraAlpha` is no positive number
 */
export function loraScaling(caller: string, { loraAlpha = 1, rsLora = false }: LoraScale): (rank: number) => number {
  if (!(Number.isFinite(loraAlpha) && loraAlpha > 0))
    throw new OptionError({ function: caller, argument: 'loraAlpha', rule: 'must be a positive number', got: String(loraAlpha) });
  return (rank) => loraAlpha / (rsLora ? Math.sqrt(rank) : rank);
}

/**
 * Checks that adapters count as much in a model as where they were trained, where a file's header says it.
 *
 * @throws WeightsError that says how the model must be made
 */
export function checkLoraScale(
  caller: string,
  path: string,
  header: Readonly<Record<string, string>>,
  model: { readonly loraAlpha: number; readonly rsLora: boolean },
): void {
  const { lora_alpha: alpha, rs_lora: rsLora } = header;
  const sameAlpha = alpha === undefined || Number(alpha) === model.loraAlpha;
  const sameRule = rsLora === undefined || rsLora === String(model.rsLora);
  if (sameAlpha && sameRule) return;
  const options = [alpha !== undefined && `loraAlpha: ${Number(alpha)}`, rsLora !== undefined && `rsLora: ${rsLora === 'true'}`];
  const hint = `The scale belongs to the adapters: createModel(…, { ${options.filter(Boolean).join(', ')} })`;
  refuser(caller, path)(`must have the model's ${sameAlpha ? 'rs_lora' : 'lora_alpha'}`, String(sameAlpha ? rsLora : alpha), { hint });
}
