/** Elements of a tensor. */
export function elements(shape: readonly number[]): number {
  if (shape.includes(0)) return 0; // the other sizes may be absurd
  return shape.reduce((product, size) => product * size, 1);
}

/** Whether elements stand one after the other, last axis fastest. Axes of size 1 have no step to check. */
export function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== step) return false;
    step *= shape[axis]!;
  }
  return true;
}

/** Elements between the first and the last of a view, both included; 0 for an empty one. */
export function spanOf(shape: readonly number[], strides: readonly number[]): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((span, size, axis) => span + (size - 1) * strides[axis]!, 1);
}

/** A strided view's elements in row-major order: bytes in, bytes out. */
export function gather(buffer: ArrayBuffer, itemSize: number, shape: readonly number[], strides: readonly number[]): ArrayBuffer {
  const source = new Uint8Array(buffer);
  const target = new Uint8Array(elements(shape) * itemSize);
  const index = shape.map(() => 0);
  let from = 0;
  for (let to = 0; to < target.length; to += itemSize) {
    for (let byte = 0; byte < itemSize; byte++) target[to + byte] = source[from * itemSize + byte]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return target.buffer;
}
