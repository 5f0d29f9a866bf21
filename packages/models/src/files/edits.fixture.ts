import fc from 'fast-check';

/** One change of a file. Places are fractions of its length, so that the same edit fits every file. */
export type Edit =
  | { readonly kind: 'set'; readonly place: number; readonly bytes: Uint8Array }
  | { readonly kind: 'insert'; readonly place: number; readonly bytes: Uint8Array }
  | { readonly kind: 'copy'; readonly place: number; readonly from: number; readonly length: number }
  | { readonly kind: 'cut'; readonly place: number; readonly length: number };

/** Places near both ends come more often: headers and directories stand there. */
const place = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.double({ min: 0, max: 0.02, noNaN: true }),
  fc.double({ min: 0.9, max: 1, noNaN: true }),
);

/** Bytes that lengths, counts and offsets are made of, among any. */
const bytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 8 }),
  fc.constantFrom(
    ...[[0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0, 0, 0, 0, 0x10], [0xff, 0xff, 0xff, 0x7f], [0, 0, 0, 0], [0x80], [0x28], [0x2e], [0x52]].map(
      (list) => Uint8Array.from(list),
    ),
  ),
);

/** One to six changes. */
export const edits: fc.Arbitrary<Edit[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('set' as const), place, bytes }),
    fc.record({ kind: fc.constant('insert' as const), place, bytes }),
    fc.record({ kind: fc.constant('copy' as const), place, from: place, length: fc.integer({ min: 1, max: 64 }) }),
    fc.record({ kind: fc.constant('cut' as const), place, length: fc.integer({ min: 1, max: 4096 }) }),
  ),
  { minLength: 1, maxLength: 6 },
);

/** A changed copy. */
export function edited(original: Uint8Array, list: readonly Edit[]): Uint8Array {
  return list.reduce<Uint8Array>(withEdit, original);
}

function withEdit(file: Uint8Array, edit: Edit): Uint8Array {
  const at = Math.floor(edit.place * file.length);
  const [before, after] = [file.subarray(0, at), file.subarray(at)];
  if (edit.kind === 'set') return Buffer.concat([before, edit.bytes, after.subarray(edit.bytes.length)]);
  if (edit.kind === 'insert') return Buffer.concat([before, edit.bytes, after]);
  if (edit.kind === 'cut') return Buffer.concat([before, after.subarray(edit.length)]);
  const from = Math.floor(edit.from * file.length);
  return Buffer.concat([before, file.subarray(from, from + edit.length), after]);
}
