import { DeviceError } from '@fsc-clip/core';
import type { GraphBuilder } from '../graph/builder.js';
import type { Value } from '../graph/graph.js';

/** How one tfjs kernel becomes graph nodes. Inputs come by tfjs's names; each rule says which attributes tfjs gives its kernel. */
export type Rule = (graph: GraphBuilder, inputs: RuleInputs, attributes: never) => Value | readonly Value[];

export interface RuleInputs {
  readonly [name: string]: Value;
}

/** The variadic inputs of a kernel (tfjs passes them as '0', '1', …). */
export function listed(inputs: RuleInputs): Value[] {
  return Object.values(inputs);
}

/** Refuses a case of a kernel that has no rule. */
export function unsupported(kernel: string, what: string): never {
  throw new DeviceError({ function: 'jit', argument: 'fn', rule: `can use ${kernel} only in its compiled form`, got: what });
}

/** Axes as tfjs gives them, made positive. */
export function positiveAxes(axes: number | readonly number[], rank: number): number[] {
  return [axes].flat().map((axis) => (axis < 0 ? axis + rank : axis));
}
