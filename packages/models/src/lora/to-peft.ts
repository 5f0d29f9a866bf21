import { type HostArray, type Params, WeightsError } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import { adapterNames, weightOfAdapter } from './adapters.js';
import type { LoraScale } from './lora-scale.js';
import { peftModules } from './peft-names.js';

/** Adapters as PEFT stores them. */
export interface PeftAdapters {
  readonly tensors: Params<HostArray>;
  /** `adapter_config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
}

/**
 * Adapters in PEFT's layout, over the modules of transformers' CLIPModel. The fused projection's B [3w, r] is cut in three, its A is
 * given to q, k and v alike, so that nothing is rounded and the rank stays.
 *
 * @throws WeightsError for the patch embedding's adapters, whose products PEFT's convolutions cannot hold
 */
export function toPeft(adapters: Params<HostArray>, { loraAlpha = 1, rsLora = false }: LoraScale, base: string | undefined): PeftAdapters {
  const ranks = new Map<string, number>();
  const tensors = Object.entries(adapters)
    .filter(([name]) => name.endsWith('lora_A'))
    .flatMap(([name, a]) => {
      const weight = weightOfAdapter(name);
      const b = adapters[adapterNames(weight)[1]]!;
      const modules = peftModules(weight);
      if (modules.length === 0) {
        const hint = 'Merge it (mergeLora), or train with other targets';
        const rule = "must be adapters that PEFT's layout can hold";
        throw new WeightsError({ function: 'saveLora', argument: weight, rule, got: 'those of the patch embedding', hint });
      }
      const rank = a.shape[0]!;
      return modules.flatMap((module, third) => {
        ranks.set(module, rank);
        return [
          [`base_model.model.${module}.lora_A.weight`, a] as const,
          [`base_model.model.${module}.lora_B.weight`, rowsOf(b, third, modules.length)] as const,
        ];
      });
    });
  const rank = Math.max(...ranks.values());
  const others = [...ranks].filter(([, own]) => own !== rank);
  return {
    tensors: createParams(tensors),
    config: {
      peft_type: 'LORA',
      task_type: null,
      base_model_name_or_path: base ?? null,
      inference_mode: true,
      r: rank,
      lora_alpha: loraAlpha,
      use_rslora: rsLora,
      lora_dropout: 0,
      bias: 'none',
      fan_in_fan_out: false,
      target_modules: [...ranks.keys()],
      rank_pattern: Object.fromEntries(others),
    },
  };
}

/** One of `parts` equal groups of rows. */
function rowsOf({ data, shape: [rows = 0, columns = 0] }: HostArray, part: number, parts: number): HostArray {
  const count = rows / parts;
  return { data: data.slice(part * count * columns, (part + 1) * count * columns), shape: [count, columns] };
}
