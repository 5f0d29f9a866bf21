import {
  cast,
  customGrad,
  gather,
  getBackend,
  getKernel,
  matMul,
  oneHot,
  type Tensor,
  type Tensor1D,
  type Tensor2D,
  UnsortedSegmentSum,
  unsortedSegmentSum,
} from '@tensorflow/tfjs-core';

/**
 * Rows of a table. tfjs's own rule for `gather` transposes the whole table's gradient twice (27 ms for CLIP's vocabulary); here it is
 * one sum over segments.
 *
 * @param table - [V, w]
 * @param indices - i32 [R]
 * @returns [R, w]
 */
export function gatherRows(table: Tensor2D, indices: Tensor1D): Tensor2D {
  const op = customGrad((...args) => {
    const [table, save] = args as unknown as [Tensor2D, (tensors: Tensor[]) => void];
    const rows = table.shape[0];
    save([indices]);
    const gradFunc = (dy: Tensor, saved: Tensor[]) => sumByRow(dy, saved[0] as Tensor1D, rows);
    return { value: gather(table, indices), gradFunc };
  });
  return op(table) as Tensor2D;
}

/** Rows of `values` [R, w] with the same index added up: [rows, w]. tfjs's wasm backend has no kernel for that; there it is a product. */
function sumByRow(values: Tensor, indices: Tensor1D, rows: number): Tensor {
  if (getKernel(UnsortedSegmentSum, getBackend())) return unsortedSegmentSum(values, indices, rows);
  return matMul(cast(oneHot(indices, rows), 'float32'), values, true); // cast: a float32 oneHot on wasm holds the bits of an integer 1
}
