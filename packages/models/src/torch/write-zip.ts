import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';

/** One entry to write, its bytes made when their turn comes. */
export interface ZipSource {
  readonly name: string;
  bytes(): Uint8Array | Promise<Uint8Array>;
}

/** What the directory says about an entry. */
export interface WrittenEntry {
  readonly name: Uint8Array;
  readonly crc: number;
  readonly size: number;
  readonly headerAt: number;
}

const all32 = 0xffffffff;
const utf8Names = 0x0800;
/** Version of zip that has 64-bit fields. */
const version = 45;
/** 1 January 1980, the first day that the format knows: the same weights give the same file. */
const date = 0x0021;
/** PyTorch maps storages into memory where they begin at a multiple of this. */
const alignment = 64;

/** Writes a zip archive as PyTorch reads it: entries stored, each at a multiple of 64 bytes, the directory with 64-bit fields. */
export async function writeZip(file: FileHandle, sources: Iterable<ZipSource>): Promise<void> {
  const entries: WrittenEntry[] = [];
  let at = 0;
  for (const { name, bytes } of sources) {
    const data = await bytes();
    const entry = { name: new TextEncoder().encode(name), crc: crc32(data), size: data.length, headerAt: at };
    const header = localHeader(entry);
    await file.appendFile(header);
    await file.appendFile(data);
    entries.push(entry);
    at += header.length + data.length;
  }
  await file.appendFile(zipDirectory(entries, at));
}

/** The header before an entry's bytes. */
export function localHeader({ name, crc, size, headerAt }: WrittenEntry): Uint8Array {
  const wide = size >= all32;
  const long = wide ? zip64Field([size, size]) : new Uint8Array(0);
  const unpadded = headerAt + 30 + name.length + long.length + 4;
  const padding = (alignment - (unpadded % alignment)) % alignment;
  const field = new Uint8Array(4 + padding).fill(0x5a);
  new DataView(field.buffer).setUint16(0, 0x4246, true); // `FB`, as PyTorch names its padding
  new DataView(field.buffer).setUint16(2, padding, true);
  const short = Math.min(size, all32);
  const fixed = littleEndian([
    [4, 0x04034b50],
    [2, version],
    [2, utf8Names],
    [2, 0],
    [2, 0],
    [2, date],
    [4, crc],
    [4, short],
    [4, short],
    [2, name.length],
    [2, long.length + field.length],
  ]);
  return Buffer.concat([fixed, name, long, field]);
}

/** The directory behind the last entry, which ends at byte `at`. */
export function zipDirectory(entries: readonly WrittenEntry[], at: number): Uint8Array {
  const headers = Buffer.concat(entries.map(directoryHeader));
  const end = at + headers.length;
  const zip64End = littleEndian([
    [4, 0x06064b50],
    [8, 44],
    [2, version],
    [2, version],
    [4, 0],
    [4, 0],
    [8, entries.length],
    [8, entries.length],
    [8, headers.length],
    [8, at],
  ]);
  const locator = littleEndian([
    [4, 0x07064b50],
    [4, 0],
    [8, end],
    [4, 1],
  ]);
  const shortCount = Math.min(entries.length, 0xffff);
  const shortEnd = littleEndian([
    [4, 0x06054b50],
    [4, 0],
    [2, shortCount],
    [2, shortCount],
    [4, Math.min(headers.length, all32)],
    [4, Math.min(at, all32)],
    [2, 0],
  ]);
  return Buffer.concat([headers, zip64End, locator, shortEnd]);
}

function directoryHeader({ name, crc, size, headerAt }: WrittenEntry): Uint8Array {
  const wide = [...(size >= all32 ? [size, size] : []), ...(headerAt >= all32 ? [headerAt] : [])];
  const long = wide.length > 0 ? zip64Field(wide) : new Uint8Array(0);
  const short = Math.min(size, all32);
  const fixed = littleEndian([
    [4, 0x02014b50],
    [2, version],
    [2, version],
    [2, utf8Names],
    [2, 0],
    [2, 0],
    [2, date],
    [4, crc],
    [4, short],
    [4, short],
    [2, name.length],
    [2, long.length],
    [2, 0],
    [2, 0],
    [2, 0],
    [4, 0],
    [4, Math.min(headerAt, all32)],
  ]);
  return Buffer.concat([fixed, name, long]);
}

function zip64Field(values: readonly number[]): Uint8Array {
  return littleEndian([[2, 1], [2, 8 * values.length], ...values.map((value) => [8, value] as const)]);
}

/** Numbers one after the other, each in so many bytes. */
function littleEndian(fields: readonly (readonly [bytes: 2 | 4 | 8, value: number])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else if (bytes === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += bytes;
  }
  return new Uint8Array(view.buffer);
}
