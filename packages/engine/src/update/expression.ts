import type { Node, Value } from '../graph/graph.js';
import { sizeOf } from '../graph/graph.js';

/** What a kernel computes for one value: operators over arrays of one size and over scalars. */
export type Expression =
  | { readonly kind: 'array'; readonly value: Value }
  | { readonly kind: 'scalar'; readonly value: Value }
  | { readonly kind: 'number'; readonly number: number }
  | { readonly kind: 'op'; readonly value: Value; readonly op: LaneOp; readonly operands: readonly Expression[] };

/** Operators that WebAssembly computes to the bit as onnxruntime does. */
export const laneOps = [
  'Add',
  'Sub',
  'Mul',
  'Div',
  'Neg',
  'Abs',
  'Sqrt',
  'Floor',
  'Ceil',
  'Reciprocal',
  'Max',
  'Min',
  'Equal',
  'Greater',
  'GreaterOrEqual',
  'Less',
  'LessOrEqual',
  'Not',
  'And',
  'Or',
  'Where',
] as const;
export type LaneOp = (typeof laneOps)[number];

/**
 * Reads values of a graph as expressions over `state` (inputs of the graph that may be overwritten) and over arrays that the program
 * computes. An expression ends where an operator is none of `laneOps`, and where reading on would need more arrays than the value itself.
 */
export function expressionReader(state: ReadonlySet<Value>): (value: Value) => Expression {
  const known = new Map<Value, Expression>();

  const read = (value: Value): Expression => {
    let expression = known.get(value);
    if (!expression) known.set(value, (expression = readOn(value) ?? { kind: 'array', value }));
    return expression;
  };
  const readOn = (value: Value): Expression | undefined => {
    if (value.source.kind !== 'node') return undefined;
    const { node } = value.source;
    const size = sizeOf(value.shape);
    if (node.op === 'Reshape' && value.dtype === 'float32') return read(node.inputs[0]!); // the same numbers in the same order
    if (!isLaneOp(node)) return undefined;
    const operands: Expression[] = [];
    for (const input of node.inputs) {
      const operand = operandOf(input, size);
      if (!operand) return undefined;
      operands.push(operand);
    }
    const expression: Expression = { kind: 'op', value, op: node.op, operands };
    const arrays = [...arraysIn(expression)];
    return value.dtype === 'float32' && arrays.length > 1 && !arrays.some((array) => state.has(array)) ? undefined : expression;
  };
  const operandOf = (value: Value, size: number): Expression | undefined => {
    const { dtype, shape, source } = value;
    if (source.kind === 'splat') return dtype === 'float32' ? { kind: 'number', number: source.number } : undefined;
    const spread = spreadNumber(value);
    if (spread && size !== 1) return spread.dtype === 'float32' ? { kind: 'scalar', value: spread } : conditionOf(spread, size);
    if (sizeOf(shape) !== size) return undefined;
    if (source.kind === 'constant') return undefined;
    const operand = read(value);
    return dtype === 'float32' || (dtype === 'bool' && operand.kind === 'op') ? operand : undefined;
  };
  /** A condition on scalars, which every lane decides for itself. */
  const conditionOf = (value: Value, size: number): Expression | undefined => {
    if (value.dtype !== 'bool' || value.source.kind !== 'node' || !isLaneOp(value.source.node)) return undefined;
    const { op, inputs } = value.source.node;
    const operands = inputs.map((input) => operandOf(input, size));
    return operands.every((operand) => operand !== undefined) ? { kind: 'op', value, op, operands } : undefined;
  };
  return read;
}

/** The one number that a value holds everywhere, where it is known to. */
function spreadNumber(value: Value): Value | undefined {
  let at = value;
  while (at.source.kind === 'node' && ['Expand', 'Tile', 'Reshape'].includes(at.source.node.op)) at = at.source.node.inputs[0]!;
  return sizeOf(at.shape) === 1 ? at : undefined;
}

/** The arrays that an expression reads. */
export function arraysIn(expression: Expression): Set<Value> {
  const arrays = new Set<Value>();
  const seen = new Set<Expression>();
  const visit = (at: Expression) => {
    if (seen.has(at)) return;
    seen.add(at);
    if (at.kind === 'array') arrays.add(at.value);
    if (at.kind === 'op') at.operands.forEach(visit);
  };
  visit(expression);
  return arrays;
}

function isLaneOp(node: Node): node is Node & { op: LaneOp } {
  return (laneOps as readonly string[]).includes(node.op);
}
