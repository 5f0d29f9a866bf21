import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** One case of `losses/losses.json`, made by `losses/make.py` in PyTorch. */
export interface FieldLossCase {
  readonly name: string;
  /** The public function. */
  readonly loss: string;
  /** Inputs of the output, by the names in `inputs`. */
  readonly output: readonly string[];
  /** Inputs of the batch: the batch's name, and the name in `inputs`. */
  readonly batch: Readonly<Record<string, string>>;
  readonly options: object;
  /** Per image (per phrase, per type), and their mean over those that count. */
  readonly values: readonly number[];
  readonly mean: number;
  /** Of the mean, flat, by the names in `inputs`. */
  readonly gradients: Readonly<Record<string, readonly number[]>>;
}

/** The values and gradients of the field's losses, with their inputs. */
export function fieldLosses(): {
  readonly inputs: Readonly<Record<string, { readonly shape: number[]; readonly data: number[] }>>;
  readonly cases: readonly FieldLossCase[];
} {
  return JSON.parse(readFileSync(fileURLToPath(new URL('./losses/losses.json', import.meta.url)), 'utf8'));
}
