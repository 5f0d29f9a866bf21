const newline = 10;

/** Text from the byte at `offset` up to the end of its line, or up to the first byte `stop`. WordNet is ASCII. */
export function lineAt(bytes: Uint8Array, offset: number, stop: number = newline): string {
  const end = bytes.indexOf(stop, offset);
  const length = (end < 0 ? bytes.length : end) - offset;
  return Buffer.from(bytes.buffer, bytes.byteOffset + offset, length).toString('latin1');
}

/**
 * The line that begins with `key` and a space, by binary search over lines in byte order; undefined when there is none.
 * @param key - ASCII; WordNet holds no other words
 */
export function findLine(bytes: Uint8Array, key: string): string | undefined {
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const start = middle === 0 ? 0 : bytes.lastIndexOf(newline, middle - 1) + 1; // at 0 it would search from the end
    const order = compareKey(bytes, start, key);
    if (order === 0) return lineAt(bytes, start);
    if (order < 0) {
      const end = bytes.indexOf(newline, middle);
      low = end < 0 ? bytes.length : end + 1;
    } else high = start;
  }
  return undefined;
}

/** Order of a line's first field against `key`: 0 when equal, negative when the line comes first. */
function compareKey(bytes: Uint8Array, start: number, key: string): number {
  for (let i = 0; i < key.length; i++) {
    const difference = (bytes[start + i] ?? 0) - key.charCodeAt(i);
    if (difference !== 0) return difference;
  }
  return (bytes[start + key.length] ?? 0) - 32;
}
