import { OptionError, type Params } from '@fsc-clip/core';
import { mapParams } from '@fsc-clip/core/tensor';
import { add, mul, type Scalar, sub, type Tensor, tidy } from '@tensorflow/tfjs-core';

/**
 * A teacher that is the running average of the student: `decay · teacher + (1 − decay) · student`, weight by weight. Pure: the averaged
 * weights come back, both arguments stay.
 *
 * @param teacher - weights by name; a copy of the student's before the first step
 * @param params - the student's after a step, with every name of the teacher
 * @param decay - in [0, 1]; a tensor where it changes under `jit`
 * @throws OptionError when `decay` is out of range or a name is missing
 * @see mean teacher, arXiv 1703.01780; DeGLA, arXiv 2504.16801
 * @example
 * const teacher = updateTeacher({ w: tensor1d([1, 1]) }, { w: tensor1d([0, 2]) }, 0.9); // { w: [0.9, 1.1] }
 */
export function updateTeacher(teacher: Params<Tensor>, params: Params<Tensor>, decay: number | Scalar): Params<Tensor> {
  if (typeof decay === 'number' && !(decay >= 0 && decay <= 1))
    throw new OptionError({ function: 'updateTeacher', argument: 'decay', rule: 'must be in [0, 1]', got: String(decay) });
  const missing = Object.keys(teacher).find((name) => params[name] === undefined);
  if (missing !== undefined)
    throw new OptionError({ function: 'updateTeacher', argument: 'params', rule: `must hold \`${missing}\`, as the teacher does` });
  return tidy(() => mapParams(teacher, (average, name) => add(mul(average, decay), mul(params[name]!, sub(1, decay)))));
}
