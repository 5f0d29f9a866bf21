import { createParams } from '@fsc-clip/core/tensor';
import type { PositionedFile } from '../files/open-file.js';
import { type Refuse, refuser } from '../files/refuse.js';

/** One entry of a zip archive, by its central directory. */
export interface ZipEntry {
  readonly name: string;
  /** Length in bytes; entries that are read are stored, so it is the length in the file too. */
  readonly size: number;
  readonly compressedSize: number;
  readonly crc32: number;
  /** 0: stored; everything else is compressed. */
  readonly method: number;
  readonly encrypted: boolean;
  /** Where the entry's local header begins. */
  readonly headerAt: number;
}

/** Room for 200,000 entries. */
const largestDirectory = 2 ** 24;
const endBytes = 22;
const longestComment = 65_535;
const locatorBytes = 20;
const zip64EndBytes = 56;
const headerBytes = 46;

/**
 * The entries of a zip archive, by name, from its central directory: local headers of PyTorch's archives hold no sizes. Every length is
 * checked against the file before memory is taken for it.
 *
 * @throws WeightsError for an archive that is truncated, malformed, or names an entry twice
 */
export async function readZipDirectory(caller: string, file: PositionedFile): Promise<Readonly<Record<string, ZipEntry>>> {
  const refuse = refuser(caller, file.path);
  const tailBytes = Math.min(file.size, endBytes + longestComment + locatorBytes);
  const tail = new DataView(await file.read(file.size - tailBytes, tailBytes));
  const endAt = findEnd(tail) ?? refuse('must end in the directory of a zip archive', 'none: truncated');
  const end = { count: tail.getUint16(endAt + 10, true), size: tail.getUint32(endAt + 12, true), at: tail.getUint32(endAt + 16, true) };
  const locatorAt = endAt - locatorBytes;
  const zip64 = locatorAt >= 0 && tail.getUint32(locatorAt, true) === 0x07064b50;
  const directory = zip64 ? await readZip64End(file, long(tail, locatorAt + 8), refuse) : end;
  const directoryEnd = file.size - tailBytes + endAt;
  if (directory.size > directoryEnd || directory.at > directoryEnd - directory.size)
    refuse(
      `must hold its directory before byte ${directoryEnd}`,
      `${directory.size} bytes at byte ${directory.at}: truncated or malformed`,
    );
  if (directory.size > largestDirectory) refuse(`must have a zip directory of at most ${largestDirectory} bytes`, String(directory.size));
  if (directory.count * headerBytes > directory.size)
    refuse(`must hold a directory of ${directory.count} entries`, `${directory.size} bytes of it`);

  const entries = new Map<string, ZipEntry>();
  const view = new DataView(await file.read(directory.at, directory.size));
  for (let at = 0; entries.size < directory.count; ) {
    const [entry, next] = readEntry(view, at) ?? refuse('must have a readable zip directory', `something else at its byte ${at}`);
    if (entries.has(entry.name)) refuse('must name every zip entry once', `\`${entry.name}\` twice`);
    entries.set(entry.name, entry);
    at = next;
  }
  return createParams(entries);
}

/**
 * Where an entry's bytes begin. Only the local header says how long it is itself.
 *
 * @throws WeightsError when the entry is encrypted or compressed, or does not lie inside the file
 */
export async function locateEntry(caller: string, file: PositionedFile, entry: ZipEntry): Promise<number> {
  const refuse = refuser(caller, file.path);
  if (entry.encrypted) refuse(`must hold \`${entry.name}\` unencrypted`, 'an encrypted zip archive');
  if (entry.method !== 0 || entry.compressedSize !== entry.size)
    refuse(`must hold \`${entry.name}\` stored, as PyTorch does`, `it compressed by method ${entry.method}`);
  const local = 30;
  if (entry.headerAt > file.size - local) refuse(`must hold \`${entry.name}\``, `${file.size} bytes: truncated`);
  const header = new DataView(await file.read(entry.headerAt, local));
  if (header.getUint32(0, true) !== 0x04034b50) refuse(`must hold \`${entry.name}\` at byte ${entry.headerAt}`, 'no zip entry there');
  const begin = entry.headerAt + local + header.getUint16(26, true) + header.getUint16(28, true);
  if (begin > file.size - entry.size) refuse(`must hold ${entry.size} bytes of \`${entry.name}\``, `${file.size - begin}: truncated`);
  return begin;
}

/** The end record, searched from the back, since a comment may follow it. */
function findEnd(tail: DataView): number | undefined {
  for (let at = tail.byteLength - endBytes; at >= 0; at--) {
    if (tail.getUint32(at, true) === 0x06054b50) return at;
  }
  return undefined;
}

async function readZip64End(file: PositionedFile, at: number, refuse: Refuse) {
  if (at > file.size - zip64EndBytes) refuse('must hold the record that its zip64 locator names', `${file.size} bytes: truncated`);
  const view = new DataView(await file.read(at, zip64EndBytes));
  if (view.getUint32(0, true) !== 0x06064b50) refuse('must hold the record that its zip64 locator names', 'something else');
  return { count: long(view, 32), size: long(view, 40), at: long(view, 48) };
}

/** The entry whose header begins here, and where the next one begins. */
function readEntry(view: DataView, at: number): readonly [ZipEntry, number] | undefined {
  if (at > view.byteLength - headerBytes || view.getUint32(at, true) !== 0x02014b50) return undefined;
  const nameAt = at + headerBytes;
  const extraAt = nameAt + view.getUint16(at + 28, true);
  const extraEnd = extraAt + view.getUint16(at + 30, true);
  const next = extraEnd + view.getUint16(at + 32, true);
  if (next > view.byteLength) return undefined;
  const name = new TextDecoder().decode(new Uint8Array(view.buffer, nameAt, extraAt - nameAt));
  const short = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
  const [size, compressedSize, headerAt] = widened(short, view, extraAt, extraEnd);
  if (size === undefined || compressedSize === undefined || headerAt === undefined) return undefined;
  const encrypted = (view.getUint16(at + 8, true) & 1) !== 0;
  const method = view.getUint16(at + 10, true);
  return [{ name, size, compressedSize, crc32: view.getUint32(at + 16, true), method, encrypted, headerAt }, next];
}

/** Numbers of 32 bits, and where one is all ones, the next of 64 bits out of the zip64 field. */
function widened(short: readonly number[], view: DataView, extraAt: number, extraEnd: number): readonly (number | undefined)[] {
  const longs: number[] = [];
  for (let at = extraAt; at + 4 <= extraEnd; at += 4 + view.getUint16(at + 2, true)) {
    const end = at + 4 + view.getUint16(at + 2, true);
    if (view.getUint16(at, true) !== 1 || end > extraEnd) continue;
    for (let value = at + 4; value + 8 <= end; value += 8) longs.push(long(view, value));
  }
  return short.map((value) => (value === 0xffffffff ? longs.shift() : value));
}

/** 64 bits; above 2^53 the number is rounded, and larger than any file all the same. */
function long(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}
