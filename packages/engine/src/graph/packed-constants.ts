import type { Value } from './graph.js';
import type { Operation } from './run-order.js';

/**
 * Whether an operator's kernel on onnxruntime's CPU keeps a copy of a constant in an order of its own: the right side of a matrix product
 * does. The constant itself is dropped when all its readers have a copy.
 */
export function isPacked({ op, inputs }: Pick<Operation, 'op' | 'inputs'>, value: Value): boolean {
  return (
    op === 'MatMul' && inputs[1] === value && value.source.kind === 'constant' && value.dtype === 'float32' && value.shape.length === 2
  );
}

/** The constants that some kernel packs. */
export function packedConstants(operations: readonly Pick<Operation, 'op' | 'inputs'>[]): Set<Value> {
  return new Set(operations.flatMap((operation) => operation.inputs.filter((value) => isPacked(operation, value))));
}
