import { adapterNames } from '../lora/adapters.js';

/** Which parameters decay; `decays` of `@fsc-clip/core/tensor` is the reference's rule. */
export type Decays = (name: string, value: { readonly shape: readonly number[] }) => boolean;

/** The order in which a PyTorch model lists weights: the model's own, adapters behind their weight. */
export function torchOrder(modelNames: readonly string[], names: readonly string[]): string[] {
  const held = new Set(names);
  return modelNames.flatMap((name) => [name, ...adapterNames(name)]).filter((name) => held.has(name));
}

/** The two groups of the reference's optimizer, whose indices count the first one first: without decay, with decay. */
export function parameterGroups(
  names: readonly string[],
  shapeOf: (name: string) => readonly number[],
  decays: Decays,
): readonly [plain: string[], decayed: string[]] {
  const decayed = (name: string): boolean => decays(name, { shape: shapeOf(name) });
  return [names.filter((name) => !decayed(name)), names.filter(decayed)];
}
