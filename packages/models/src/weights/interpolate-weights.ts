import { OptionError, type Params, ShapeError, WeightsError } from '@fsc-clip/core';
import { mapParams } from '@fsc-clip/core/tensor';
import { add, mul, type Scalar, slice, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { isLora } from '../lora/adapters.js';
import { sameShape } from '../model/weights.js';

/** Options of `interpolateWeights`. */
export interface InterpolateOptions {
  /**
   * How adapters of `finetuned` count. `reference`: A and B are both multiplied by alpha, so their product scales by alpha squared;
   * `linear`: the product scales by alpha. @defaultValue 'reference'
   */
  readonly lora?: 'reference' | 'linear';
}

/**
 * WiSE-FT (arXiv 2109.01903): `(1 − alpha) · pretrained + alpha · finetuned`, for every weight. alpha 0 is the pretrained model, 1 the
 * fine-tuned one. Where the fine-tuned model has fewer text positions, the pretrained ones are cut.
 *
 * @param finetuned - the names of `pretrained`, and adapters
 * @param alpha - in [0, 1]; under `jit` a scalar (a number among the arguments), so that another alpha compiles nothing
 * @returns new tensors under the names of `finetuned`
 * @throws WeightsError when the names differ, ShapeError when shapes do
 */
export function interpolateWeights(
  pretrained: Params<Tensor>,
  finetuned: Params<Tensor>,
  alpha: number | Scalar,
  { lora = 'reference' }: InterpolateOptions = {},
): Params<Tensor> {
  const name = 'interpolateWeights';
  if (typeof alpha === 'number' && !(alpha >= 0 && alpha <= 1))
    throw new OptionError({ function: name, argument: 'alpha', rule: 'must be in [0, 1]', got: String(alpha) });
  if (lora !== 'reference' && lora !== 'linear')
    throw new OptionError({ function: name, argument: 'lora', rule: "must be 'reference' or 'linear'", got: String(lora) });
  const lacking = Object.keys(pretrained).find((weight) => !finetuned[weight]);
  if (lacking !== undefined)
    throw new WeightsError({ function: name, argument: 'finetuned', rule: `must hold \`${lacking}\``, got: 'none' });

  return tidy(() => {
    const rest = typeof alpha === 'number' ? 1 - alpha : sub(1, alpha);
    return mapParams(finetuned, (tuned, weight) => {
      const before = pretrained[weight];
      if (!before && isLora(weight)) return mul(tuned, lora === 'linear' && weight.endsWith('lora_A') ? 1 : alpha);
      if (!before) throw new WeightsError({ function: name, argument: 'pretrained', rule: `must hold \`${weight}\``, got: 'none' });
      const start = weight === 'positional_embedding' ? cut(before, tuned.shape[0]!) : before;
      if (!sameShape(start.shape, tuned.shape)) {
        const rule = `must have the shape [${start.shape.join(', ')}] in both`;
        throw new ShapeError({ function: name, argument: weight, rule, got: `[${tuned.shape.join(', ')}]` });
      }
      return add(mul(start, rest), mul(tuned, alpha));
    });
  });
}

function cut(positions: Tensor, rows: number): Tensor {
  return rows < positions.shape[0]! ? slice(positions, 0, rows) : positions;
}
