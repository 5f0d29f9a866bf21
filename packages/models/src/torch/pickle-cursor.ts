import type { Refuse } from '../files/refuse.js';

/** Reads a pickle's bytes one value after the other. */
export interface PickleCursor {
  /** Bytes read. */
  position(): number;
  byte(): number;
  uint16(): number;
  uint32(): number;
  int32(): number;
  /** The only number that is big-endian. */
  float64(): number;
  bytes(length: number): Uint8Array;
  /** UTF-8. */
  text(length: number): string;
  /** Up to the next line feed, which is left out. */
  line(): string;
  /** A signed whole number of `length` bytes; a bigint where a double would round it. */
  integer(length: number): number | bigint;
}

/** A cursor at the first byte; it refuses to read beyond the last. */
export function pickleCursor(source: Uint8Array, refuse: Refuse): PickleCursor {
  const view = new DataView(source.buffer, source.byteOffset, source.byteLength);
  const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let at = 0;
  /** Where the next `length` bytes begin. */
  const take = (length: number): number => {
    if (length > source.length - at) refuse('must hold a whole pickle', `its end inside a value of ${length} bytes`);
    at += length;
    return at - length;
  };
  const bytes = (length: number): Uint8Array => {
    const begin = take(length);
    return source.subarray(begin, begin + length);
  };
  const text = (length: number): string => {
    try {
      return utf8.decode(bytes(length));
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      return refuse('must hold texts in UTF-8', `other bytes before byte ${at} of its pickle`, { cause });
    }
  };
  return {
    position: () => at,
    byte: () => view.getUint8(take(1)),
    uint16: () => view.getUint16(take(2), true),
    uint32: () => view.getUint32(take(4), true),
    int32: () => view.getInt32(take(4), true),
    float64: () => view.getFloat64(take(8), false),
    bytes,
    text,
    line: () => {
      const end = source.indexOf(0x0a, at);
      if (end === -1) refuse('must hold a whole pickle', 'a line without end');
      const found = text(end - at);
      take(1);
      return found;
    },
    integer: (length) => {
      const value = bytes(length).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
      const signed = BigInt.asIntN(8 * length, value);
      return BigInt.asIntN(53, signed) === signed ? Number(signed) : signed;
    },
  };
}
