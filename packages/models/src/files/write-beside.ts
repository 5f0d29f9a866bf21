import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { WeightsError } from '@fsc-clip/core';
import { reason, refuser } from './refuse.js';

/**
 * Writes a file beside its place first, then renames it, so that a reader never meets half a file and what stood there before stays
 * whole until then.
 *
 * @throws WeightsError of the function `caller` when it cannot be written; what `write` throws as a WeightsError is thrown as it is
 */
export async function writeBeside(caller: string, path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const partial = `${path}.partial-${process.pid}`;
  try {
    const file = await open(partial, 'w');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
  } catch (cause) {
    await rm(partial, { force: true });
    if (cause instanceof WeightsError) throw cause;
    refuser(caller, path)('must be writable', reason(cause), { cause });
  }
}
