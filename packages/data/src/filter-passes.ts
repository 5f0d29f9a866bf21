import { type FilterCoefficients, PRECISION_BITS, type Span } from './filter-coefficients.js';

/** Pixels within a larger array: the byte of pixel (x, y) is `origin + y·stride + x·channels`. `origin` may lie before the array. */
export interface PixelView {
  readonly data: Uint8Array;
  readonly origin: number;
  readonly stride: number;
  readonly channels: 3 | 4;
}

/** The input positions that output positions are made of: those of the coefficients, or the same where there are none. */
export function inputsOf(coefficients: FilterCoefficients | undefined, outputs: Span): Span {
  if (!coefficients) return outputs;
  const { starts, counts } = coefficients;
  return [starts[0]!, starts.at(-1)! + counts.at(-1)!];
}

/** Rows filtered along their length, to the columns that the coefficients are for. Without coefficients there is nothing to do. */
export function filterRows(source: PixelView, coefficients: FilterCoefficients | undefined, rows: Span, columns: Span): PixelView {
  if (!coefficients) return source;
  const target = emptyView(source.channels, rows, columns);
  if (source.channels === 3) filterRowsOfThree(source, clamped(target), coefficients, rows);
  else filterRowsOfAny(source, clamped(target), coefficients, rows);
  return target;
}

/** Columns filtered along their height, to the rows that the coefficients are for: whole rows are added up, so that memory is read in order. */
export function filterColumns(source: PixelView, coefficients: FilterCoefficients | undefined, rows: Span, columns: Span): PixelView {
  if (!coefficients) return source;
  const { taps, starts, counts, weights } = coefficients;
  const target = emptyView(source.channels, rows, columns);
  const { data, stride } = source;
  const result = clamped(target);
  const rowBytes = target.stride;
  const sums = new Int32Array(rowBytes);
  for (let i = 0, to = 0; i < counts.length; i++, to += rowBytes) {
    sums.fill(HALF);
    const count = counts[i]!;
    let from = source.origin + starts[i]! * stride + columns[0] * source.channels;
    let tap = i * taps;
    for (const four = tap + count - 3; tap < four; tap += 4, from += 4 * stride) addFourRows(sums, data, from, stride, weights, tap);
    for (const end = i * taps + count; tap < end; tap++, from += stride) {
      const weight = weights[tap]!;
      for (let byte = 0; byte < rowBytes; byte++) sums[byte] = (sums[byte]! + Math.imul(data[from + byte]!, weight)) | 0;
    }
    for (let byte = 0; byte < rowBytes; byte++) result[to + byte] = sums[byte]! >> PRECISION_BITS;
  }
  return target;
}

/** The pixels of a view, row after row, in an array that is never the input's. */
export function packed(view: PixelView, rows: Span, columns: Span, source: PixelView): Uint8Array {
  const rowBytes = (columns[1] - columns[0]) * view.channels;
  const size = (rows[1] - rows[0]) * rowBytes;
  const first = view.origin + rows[0] * view.stride + columns[0] * view.channels;
  if (view !== source && view.stride === rowBytes && view.data.length === size) return view.data;
  const result = new Uint8Array(size);
  for (let to = 0, from = first; to < size; to += rowBytes, from += view.stride) result.set(view.data.subarray(from, from + rowBytes), to);
  return result;
}

const HALF = 1 << (PRECISION_BITS - 1);

/** Four rows at a time: the sums are read and written a quarter as often. */
function addFourRows(sums: Int32Array, data: Uint8Array, from: number, stride: number, weights: Int32Array, tap: number): void {
  const first = weights[tap]!;
  const second = weights[tap + 1]!;
  const third = weights[tap + 2]!;
  const fourth = weights[tap + 3]!;
  for (let i = 0; i < sums.length; i++, from++) {
    const pair = Math.imul(data[from]!, first) + Math.imul(data[from + stride]!, second);
    const otherPair = Math.imul(data[from + 2 * stride]!, third) + Math.imul(data[from + 3 * stride]!, fourth);
    sums[i] = (sums[i]! + pair + otherPair) | 0;
  }
}

/** The bytes of a view for sums in fixed point: a clamped array cuts off what overshoots 0 and 255. */
function clamped({ data }: PixelView): Uint8ClampedArray {
  return new Uint8ClampedArray(data.buffer);
}

function emptyView(channels: 3 | 4, rows: Span, columns: Span): PixelView {
  const stride = (columns[1] - columns[0]) * channels;
  return { data: new Uint8Array((rows[1] - rows[0]) * stride), origin: -(rows[0] * stride + columns[0] * channels), stride, channels };
}

/** Three channels at once: this loop is most of the time that resizing takes. */
function filterRowsOfThree(source: PixelView, result: Uint8ClampedArray, coefficients: FilterCoefficients, rows: Span): void {
  const { taps, starts, counts, weights } = coefficients;
  const { data, origin, stride } = source;
  for (let y = rows[0], to = 0; y < rows[1]; y++) {
    const row = origin + y * stride;
    for (let i = 0; i < counts.length; i++, to += 3) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let from = row + starts[i]! * 3;
      const end = i * taps + counts[i]!;
      for (let tap = i * taps; tap < end; tap++, from += 3) {
        const weight = weights[tap]!;
        red = (red + Math.imul(data[from]!, weight)) | 0;
        green = (green + Math.imul(data[from + 1]!, weight)) | 0;
        blue = (blue + Math.imul(data[from + 2]!, weight)) | 0;
      }
      result[to] = red >> PRECISION_BITS;
      result[to + 1] = green >> PRECISION_BITS;
      result[to + 2] = blue >> PRECISION_BITS;
    }
  }
}

function filterRowsOfAny(source: PixelView, result: Uint8ClampedArray, coefficients: FilterCoefficients, rows: Span): void {
  const { taps, starts, counts, weights } = coefficients;
  const { data, origin, stride, channels } = source;
  for (let y = rows[0], to = 0; y < rows[1]; y++) {
    for (let i = 0; i < counts.length; i++) {
      for (let channel = 0; channel < channels; channel++, to++) {
        const from = origin + y * stride + starts[i]! * channels + channel;
        let sum = HALF;
        for (let tap = 0; tap < counts[i]!; tap++) sum = (sum + Math.imul(data[from + tap * channels]!, weights[i * taps + tap]!)) | 0;
        result[to] = sum >> PRECISION_BITS;
      }
    }
  }
}
