import { type Params, type Shaped, WeightsError } from '@fsc-clip/core';
import { adapterNames, adapterRank, adapterShapes } from '../lora/adapters.js';
import { type Shapes, sameShape } from '../model/weights.js';
import { nearest } from './nearest.js';

/** Options of `checkWeights`. */
export interface CheckWeightsOptions {
  /** Names that the model does not have are no error. @defaultValue false */
  readonly ignoreExtra?: boolean;
}

/**
 * Checks that a record holds a model's weights, all of them and nothing else, in their shapes; adapters may stand beside them.
 *
 * @throws WeightsError that lists what is missing, extra and of another shape, each with the nearest name where one is likely meant
 */
export function checkWeights(model: { readonly shapes: Shapes }, params: Params<Shaped>, options: CheckWeightsOptions = {}): void {
  const got = mismatch(model.shapes, params, options);
  if (got !== '') throw new WeightsError({ function: 'checkWeights', argument: 'params', rule: "must hold the model's weights", got });
}

/** What is wrong with a record of weights; empty when nothing is. */
export function mismatch(shapes: Shapes, params: Params<Shaped>, { ignoreExtra = false }: CheckWeightsOptions): string {
  const expected = new Map(Object.entries({ ...shapes, ...adapterShapesIn(shapes, params) }));
  const names = Object.keys(params);
  const missing = [...expected.keys()].filter((name) => !params[name]);
  const extra = names.filter((name) => !expected.has(name));
  const misshaped = names.filter((name) => expected.has(name) && !sameShape(params[name]!.shape, expected.get(name)!));
  const shapeOf = (shape: readonly number[]) => `[${shape.join(', ')}]`;
  return [
    listed(missing, 'missing', (name) => `\`${name}\`${meant(name, extra, 'is there')}`),
    listed(ignoreExtra ? [] : extra, 'extra', (name) => `\`${name}\`${meant(name, missing, 'is missing')}`),
    listed(
      misshaped,
      'of another shape',
      (name) => `\`${name}\` ${shapeOf(params[name]!.shape)} instead of ${shapeOf(expected.get(name)!)}`,
    ),
  ]
    .filter((line) => line !== '')
    .join('; ');
}

/** Shapes of both adapters of every weight that has one; the rank is that of the A found, or the B. */
function adapterShapesIn(shapes: Shapes, params: Params<Shaped>): Shapes {
  return Object.fromEntries(
    Object.entries(shapes).flatMap(([name, shape]) => {
      const [a, b] = adapterNames(name);
      const rows = params[a]?.shape[0] ?? params[b]?.shape[1];
      if (rows === undefined || shape.length < 2) return [];
      const [aShape, bShape] = adapterShapes(shape, adapterRank(shape, [rows]));
      return [[a, aShape] as const, [b, bShape] as const];
    }),
  );
}

const shown = 8;

function listed(names: readonly string[], what: string, say: (name: string) => string): string {
  if (names.length === 0) return '';
  const more = names.length > shown ? ` and ${names.length - shown} more` : '';
  return `${names.length} ${what}: ${names.slice(0, shown).map(say).join(', ')}${more}`;
}

function meant(name: string, candidates: readonly string[], verb: string): string {
  const near = nearest(name, candidates, name.length / 3);
  return near === undefined ? '' : ` (\`${near}\` ${verb})`;
}
