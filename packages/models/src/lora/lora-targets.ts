import { OptionError } from '@fsc-clip/core';

/** Kinds of weights that can be adapted: the patch embedding, the attention's projections, the MLP's layers. */
export type LoraTarget = 'conv1' | 'in_proj' | 'out_proj' | 'c_fc' | 'c_proj';

const adaptable = /(^visual\.conv1\.|\.attn\.in_proj_|\.attn\.out_proj\.|\.mlp\.c_fc\.|\.mlp\.c_proj\.)weight$/;

/** Which weights are adapted. */
export interface LoraTargets {
  /**
   * Ends of modules' names (`'c_fc'`, `'attn.in_proj'`, `'resblocks.11.mlp.c_proj'`), or patterns for weights' whole names.
   * @defaultValue all that can be adapted, as the reference does
   */
  readonly targets?: readonly (LoraTarget | (string & {}) | RegExp)[];
  /** @defaultValue 'both' */
  readonly towers?: 'both' | 'image' | 'text';
}

/**
 * The weights that are adapted, in the order of `names`.
 *
 * @throws OptionError for a target that names none of them
 */
export function targetedWeights(caller: string, names: readonly string[], { targets, towers = 'both' }: LoraTargets): string[] {
  const refuse = (argument: string, rule: string, got: string): never => {
    throw new OptionError({ function: caller, argument, rule, got });
  };
  if (!['both', 'image', 'text'].includes(towers)) refuse('towers', "must be 'both', 'image' or 'text'", String(towers));
  const inTower = (name: string) => towers === 'both' || name.startsWith('visual.') === (towers === 'image');
  const candidates = names.filter((name) => adaptable.test(name) && inTower(name));
  const isMeant = (name: string, target: string | RegExp): boolean => {
    if (typeof target !== 'string') return name.search(target) !== -1; // `test` would keep a place in patterns that are global
    const module = name.replace(/[._]weight$/, '');
    return module === target || module.endsWith(`.${target}`);
  };
  const idle = targets?.find((target) => !candidates.some((name) => isMeant(name, target)));
  if (idle !== undefined) refuse('targets', 'must name weights that can be adapted', String(idle));
  const chosen = targets ? candidates.filter((name) => targets.some((target) => isMeant(name, target))) : candidates;
  if (chosen.length === 0) refuse('targets', 'must name weights that `params` holds', targets?.join(', ') || 'none');
  return chosen;
}
