import type { Span } from './filter-coefficients.js';

/** Pixels within a larger array: the byte of pixel (x, y) is `origin + y·stride + x·channels`. `origin` may lie before the array. */
export interface PixelView {
  readonly data: Uint8Array;
  readonly origin: number;
  readonly stride: number;
  readonly channels: 3 | 4;
}

/** Where a pass puts its result. */
export type Allocate = (bytes: number) => Uint8Array;

/** An array of one's own. */
export const newBytes: Allocate = (bytes) => new Uint8Array(bytes);

const KEPT_BYTES = 2 ** 22;

/** The same bytes for every picture, unless it needs many: for what is read once, before the next picture. */
export function keptBytes(): Allocate {
  let kept = new Uint8Array(0);
  return (bytes) => {
    if (bytes > KEPT_BYTES) return new Uint8Array(bytes);
    if (kept.length < bytes) kept = new Uint8Array(bytes);
    return kept.subarray(0, bytes);
  };
}

/** An empty view of some rows and columns, end to end. */
export function emptyView(channels: 3 | 4, rows: Span, columns: Span, allocate: Allocate): PixelView {
  const stride = (columns[1] - columns[0]) * channels;
  return { data: allocate((rows[1] - rows[0]) * stride), origin: -(rows[0] * stride + columns[0] * channels), stride, channels };
}

/** The pixels of a view, row after row, in an array that is never the input's. */
export function packed(view: PixelView, rows: Span, columns: Span, source: PixelView, allocate: Allocate): Uint8Array {
  const rowBytes = (columns[1] - columns[0]) * view.channels;
  const size = (rows[1] - rows[0]) * rowBytes;
  if (view !== source && view.stride === rowBytes && view.data.length === size) return view.data;
  const result = allocate(size);
  copyRows(view, rows[0], rows[1] - rows[0], columns[0] * view.channels, rowBytes, result, 0);
  return result;
}

/** Copies `count` rows from `y` on, of each the bytes from `x` on, to lie end to end. */
export function copyRows(
  { data, origin, stride }: PixelView,
  y: number,
  count: number,
  x: number,
  bytes: number,
  to: Uint8Array,
  at: number,
): void {
  const first = origin + y * stride + x;
  if (bytes === stride) {
    to.set(data.subarray(first, first + count * stride), at);
    return;
  }
  for (let i = 0; i < count; i++) to.set(data.subarray(first + i * stride, first + i * stride + bytes), at + i * bytes);
}
