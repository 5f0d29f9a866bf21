import type { Value } from '../graph/graph.js';
import { isPacked } from '../graph/packed-constants.js';
import type { Operation } from '../graph/run-order.js';
import { bytesOf } from './element-bytes.js';

/** Columns of a packed matrix come in whole groups. */
const packedColumns = 16;

/**
 * Bytes of a program's constants as its session holds them. onnxruntime's CPU kernels keep the right side of a matrix product as a copy in an
 * order of their own, one for each product (a weight that is frozen is multiplied forward, and turned in the gradient of what it was
 * multiplied with); a constant that only such products read is dropped when they have it.
 *
 * @param packed - whether the device's kernels make such copies; otherwise the session is fed the constants
 */
export function constantBytes(operations: readonly Operation[], packed: boolean): number {
  const read = new Set<Value>();
  let copies = 0;
  for (const operation of operations) {
    for (const [side, value] of operation.inputs.entries()) {
      if (value.source.kind !== 'constant') continue;
      if (packed && side === 1 && isPacked(operation, value)) copies += packedBytes(operation, value);
      else read.add(value);
    }
  }
  return [...read].reduce((sum, value) => sum + bytesOf(value), copies);
}

function packedBytes({ outputs }: Operation, { shape }: Value): number {
  const columns = outputs[0]!.shape.at(-1)!;
  const rows = (shape[0]! * shape[1]!) / columns;
  return 4 * rows * Math.ceil(columns / packedColumns) * packedColumns;
}
