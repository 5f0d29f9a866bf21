import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompiledSpec } from '../program.js';
import type { CacheOptions } from './cache-options.js';
import { decodeEntry, encodeEntry, type StoredConstant } from './entry.js';
import { evict, hashOf, preparePrivateFolder, readWhole, touch, writeWhole } from './files.js';

/** A protobuf ends at 2 GB. */
const largestEntry = 2 ** 31;

/**
 * The program of an entry, verified; else a compiled one, which is written for the next time. What is damaged counts as absent and is
 * deleted; a folder that cannot be used gives a warning, never an error.
 *
 * @param entry - by `entryName`
 */
export async function cachedSpec(
  { folder, maxBytes }: Required<CacheOptions>,
  entry: string,
  compile: () => Promise<CompiledSpec>,
): Promise<CompiledSpec> {
  const usable = await attempt(folder, () => preparePrivateFolder(folder).then(() => true));
  if (!usable) return compile();
  const held = await attempt(folder, () => read(folder, entry, maxBytes));
  if (held) return held;
  const spec = await compile();
  await attempt(folder, () => write(folder, entry, spec, maxBytes));
  return spec;
}

async function attempt<T>(folder: string, run: () => Promise<T>): Promise<T | undefined> {
  try {
    return await run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.emitWarning(`jit: the cache of programs in ${folder} is not used: ${reason}`, { type: 'FscClipCache' });
    return undefined;
  }
}

async function read(folder: string, entry: string, maxBytes: number): Promise<CompiledSpec | undefined> {
  const path = programPath(folder, entry);
  const file = await readWhole(path, { maxBytes: largestEntry });
  const decoded = file && decodeEntry(entry, file.bytes);
  const sizes = decoded?.constants.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
  const constants: Uint8Array[] = [];
  for (const { sha256, bytes } of sizes <= maxBytes ? (decoded?.constants ?? []) : []) {
    const constant = await readWhole(constantPath(folder, sha256), { bytes });
    if (constant?.sha256 !== sha256) {
      await rm(constantPath(folder, sha256), { force: true });
      break;
    }
    constants.push(constant.bytes);
  }
  if (!decoded || constants.length < decoded.constants.length) {
    await rm(path, { force: true });
    return undefined;
  }
  await Promise.all([path, ...decoded.constants.map(({ sha256 }) => constantPath(folder, sha256))].map(touch));
  return decoded.complete(constants);
}

async function write(folder: string, entry: string, spec: CompiledSpec, maxBytes: number): Promise<void> {
  const { constants, model } = spec.program;
  if (constants.reduce((sum, { bytes }) => sum + bytes.byteLength, model.byteLength) > maxBytes) {
    throw new Error(`the program is larger than ${maxBytes} bytes (cache.maxBytes)`);
  }
  const stored: StoredConstant[] = [];
  for (const { bytes, ...constant } of constants) {
    const sha256 = await hashOf(bytes);
    const path = constantPath(folder, sha256);
    if (!(await touch(path))) await writeWhole(path, bytes);
    stored.push({ ...constant, sha256, bytes: bytes.byteLength });
  }
  await writeWhole(programPath(folder, entry), encodeEntry(entry, spec, stored));
  await evict(folder, maxBytes);
}

function programPath(folder: string, entry: string): string {
  return join(folder, `${entry}.program`);
}

function constantPath(folder: string, sha256: string): string {
  return join(folder, `${sha256}.constant`);
}
