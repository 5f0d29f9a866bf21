import { checkShapes, type HostArray } from '@fsc-clip/core';

/**
 * Dot products of image and text features: cosines, since features are unit vectors. Summed in double precision.
 *
 * @param imageFeatures - f32 [I, D], or [items, I, D]: images of each item
 * @param textFeatures - f32 [C, D], or [items, C, D]: captions of each item
 * @returns f32 [I, C], or [items, I, C]
 * @throws ShapeError when the shapes do not fit
 * @example
 * const scores = similarities(images, captions); // [400, 2, D] and [400, 2, D] give [400, 2, 2]
 * groupScore(scores);
 */
export function similarities(imageFeatures: HostArray<Float32Array>, textFeatures: HostArray<Float32Array>): HostArray<Float32Array> {
  const items = imageFeatures.shape.length === 3 ? 'items ' : '';
  checkShapes('similarities', { imageFeatures: [imageFeatures, `${items}I D`], textFeatures: [textFeatures, `${items}C D`] });
  const [I, D] = imageFeatures.shape.slice(-2) as [number, number];
  const C = textFeatures.shape.at(-2)!;
  const groups = items ? imageFeatures.shape[0]! : 1;
  const data = new Float32Array(groups * I * C);
  for (let group = 0; group < groups; group++) {
    const images = imageFeatures.data.subarray(group * I * D, (group + 1) * I * D);
    const texts = textFeatures.data.subarray(group * C * D, (group + 1) * C * D);
    dotProducts(images, texts, D, data.subarray(group * I * C, (group + 1) * I * C));
  }
  return { data, shape: items ? [groups, I, C] : [I, C] };
}

/**
 * @internal Writes every dot product of a row of `a` with a row of `b`, each of length `D`, to `out` [rows of a, rows of b].
 * Each sum runs over D in order, in double precision, whatever the tile: equal rows give equal scores, to the last bit.
 */
export function dotProducts(a: Float32Array, b: Float32Array, D: number, out: Float32Array | Float64Array): void {
  const rows = a.length / D;
  const columns = b.length / D;
  let row = 0;
  // Four rows by two columns at a time: eight sums stay in registers, and each number loaded is used more than once.
  for (; row + 4 <= rows; row += 4) {
    const a0 = row * D;
    const a1 = a0 + D;
    const a2 = a1 + D;
    const a3 = a2 + D;
    let column = 0;
    for (; column + 2 <= columns; column += 2) {
      const b0 = column * D;
      const b1 = b0 + D;
      let [s00, s01, s10, s11, s20, s21, s30, s31] = [0, 0, 0, 0, 0, 0, 0, 0];
      for (let d = 0; d < D; d++) {
        const x = b[b0 + d]!;
        const y = b[b1 + d]!;
        const p = a[a0 + d]!;
        const q = a[a1 + d]!;
        const r = a[a2 + d]!;
        const s = a[a3 + d]!;
        s00 += p * x;
        s01 += p * y;
        s10 += q * x;
        s11 += q * y;
        s20 += r * x;
        s21 += r * y;
        s30 += s * x;
        s31 += s * y;
      }
      const at = row * columns + column;
      out[at] = s00;
      out[at + 1] = s01;
      out[at + columns] = s10;
      out[at + columns + 1] = s11;
      out[at + 2 * columns] = s20;
      out[at + 2 * columns + 1] = s21;
      out[at + 3 * columns] = s30;
      out[at + 3 * columns + 1] = s31;
    }
    for (; column < columns; column++) {
      for (let k = 0; k < 4; k++) out[(row + k) * columns + column] = dot(a, (row + k) * D, b, column * D, D);
    }
  }
  for (; row < rows; row++) {
    for (let column = 0; column < columns; column++) out[row * columns + column] = dot(a, row * D, b, column * D, D);
  }
}

/** @internal The dot product of `D` numbers of `a` from `aOffset` and of `b` from `bOffset`. */
export function dot(a: Float32Array, aOffset: number, b: Float32Array, bOffset: number, D: number): number {
  let sum = 0;
  for (let d = 0; d < D; d++) sum += a[aOffset + d]! * b[bOffset + d]!;
  return sum;
}
