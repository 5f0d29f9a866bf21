import type { Value } from '../graph/graph.js';
import type { Expression, LaneOp } from './expression.js';

/** Where an operand of a step is: a slot of the kernel's memory, a parameter, a number, or the result of an earlier step. */
export type Operand = { readonly slot: number } | { readonly scalar: number } | { readonly number: number } | { readonly step: number };

/** An elementwise function of several arrays, for arrays of any size: steps in order, then what is written where. */
export interface Kernel {
  readonly slots: number;
  readonly scalars: number;
  readonly steps: readonly { readonly op: LaneOp; readonly operands: readonly Operand[] }[];
  readonly stores: readonly { readonly slot: number; readonly from: Operand }[];
}

/** A kernel and the arrays and scalars that it is called with, by slot and by position. */
export interface KernelCall {
  readonly kernel: Kernel;
  readonly arrays: readonly Value[];
  readonly scalars: readonly Value[];
}

/**
 * Writes expressions as one kernel: what they share is computed once, everything is computed before anything is written. Slots and
 * scalars are numbered as they are met, so that equal expressions over different arrays give equal kernels.
 */
export function buildKernel(stores: readonly { readonly to: Value; readonly expression: Expression }[]): KernelCall {
  const arrays: Value[] = [];
  const scalars: Value[] = [];
  const steps: { op: LaneOp; operands: Operand[] }[] = [];
  const done = new Map<Value, Operand>();
  const numbered = (list: Value[], value: Value) => (list.includes(value) ? list.indexOf(value) : list.push(value) - 1);
  const visit = (expression: Expression): Operand => {
    if (expression.kind === 'number') return { number: expression.number };
    if (expression.kind === 'scalar') return { scalar: numbered(scalars, expression.value) };
    if (expression.kind === 'array') return { slot: numbered(arrays, expression.value) };
    const held = done.get(expression.value);
    if (held) return held;
    const operands = expression.operands.map(visit);
    const result = { step: steps.push({ op: expression.op, operands }) - 1 };
    done.set(expression.value, result);
    return result;
  };
  const computed = stores.map(({ to, expression }) => ({ to, from: visit(expression) }));
  const written = computed.map(({ to, from }) => ({ slot: numbered(arrays, to), from }));
  return { kernel: { slots: arrays.length, scalars: scalars.length, steps, stores: written }, arrays, scalars };
}
