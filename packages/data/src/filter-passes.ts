import type { FilterCoefficients, Span } from './filter-coefficients.js';
import { kernelsOver } from './pixel-kernels.js';
import { type Allocate, copyRows, emptyView, type PixelView } from './pixel-view.js';

/** The input positions that output positions are made of: those of the coefficients, or the same where there are none. */
export function inputsOf(coefficients: FilterCoefficients | undefined, outputs: Span): Span {
  if (!coefficients) return outputs;
  const { starts, counts } = coefficients;
  return [starts[0]!, starts.at(-1)! + counts.at(-1)!];
}

/** Rows filtered along their length, to the columns that the coefficients are for. Without coefficients there is nothing to do. */
export function filterRows(
  source: PixelView,
  coefficients: FilterCoefficients | undefined,
  rows: Span,
  columns: Span,
  allocate: Allocate,
): PixelView {
  if (!coefficients) return source;
  const { starts, pairs, weights } = coefficients;
  const { channels } = source;
  const target = emptyView(channels, rows, columns, allocate);
  const inputs = inputsOf(coefficients, columns);
  const rowBytes = (inputs[1] - inputs[0]) * channels;
  const resultStride = target.stride + 1; // a pixel is stored as four bytes
  const rowsAtOnce =
    2 * Math.max(1, Math.min((rows[1] - rows[0] + 1) >> 1, Math.floor(CHUNK_BYTES / 2 / Math.max(rowBytes, resultStride))));
  const weightsAt = 4 * starts.length;
  const sourceAt = weightsAt + weights.byteLength;
  const resultAt = sourceAt + rowsAtOnce * rowBytes + 2 * pairs * channels + STORE_BYTES; // the last output may read beyond its row
  const kernels = kernelsOver(resultAt + rowsAtOnce * resultStride + STORE_BYTES);
  const memory = new Uint8Array(kernels.memory.buffer);
  const startBytes = new Int32Array(memory.buffer, 0, starts.length);
  for (let i = 0; i < starts.length; i++) startBytes[i] = (starts[i]! - inputs[0]) * channels;
  new Int16Array(memory.buffer, weightsAt).set(weights);
  const result: PixelView = { data: memory, origin: resultAt, stride: resultStride, channels };
  for (let y = rows[0], to = 0; y < rows[1]; y += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows[1] - y);
    copyRows(source, y, count, inputs[0] * channels, rowBytes, memory, sourceAt);
    const even = count + (count & 1); // of an odd number of rows the last has any company
    kernels.filterRows(sourceAt, rowBytes, resultAt, resultStride, even, 0, weightsAt, starts.length, pairs, channels);
    copyRows(result, 0, count, 0, target.stride, target.data, to);
    to += count * target.stride;
  }
  return target;
}

/** Columns filtered along their height, to the rows that the coefficients are for. */
export function filterColumns(
  source: PixelView,
  coefficients: FilterCoefficients | undefined,
  rows: Span,
  columns: Span,
  allocate: Allocate,
): PixelView {
  if (!coefficients) return source;
  const { starts, counts, pairs, weights } = coefficients;
  const target = emptyView(source.channels, rows, columns, allocate);
  const rowBytes = target.stride;
  const inputs = inputsOf(coefficients, rows);
  const height = inputs[1] - inputs[0];
  // Columns at once, in bytes, so that what is read again and again stays near the processor.
  const strip = Math.min(rowBytes, Math.max(STORE_BYTES, Math.floor(CHUNK_BYTES / height)));
  const sourceAt = weights.byteLength;
  const resultAt = sourceAt + (height + 1) * strip + STORE_BYTES; // the last output may read a row too many
  const kernels = kernelsOver(resultAt + strip + STORE_BYTES);
  const memory = new Uint8Array(kernels.memory.buffer);
  new Int16Array(memory.buffer).set(weights);
  for (let x = 0; x < rowBytes; x += strip) {
    const bytes = Math.min(strip, rowBytes - x);
    copyRows(source, inputs[0], height, columns[0] * source.channels + x, bytes, memory, sourceAt);
    const result = memory.subarray(resultAt, resultAt + bytes);
    for (let i = 0; i < starts.length; i++) {
      const from = sourceAt + (starts[i]! - inputs[0]) * bytes;
      kernels.filterColumns(from, bytes, resultAt, bytes, 8 * pairs * i, (counts[i]! + 1) >> 1);
      target.data.set(result, i * rowBytes + x);
    }
  }
  return target;
}

/** Bytes that lie in the kernels' memory at a time, unless one row is longer: it does not grow with the picture. */
const CHUNK_BYTES = 2 ** 19;
/** What one store of a kernel writes, wanted or not. */
const STORE_BYTES = 16;
