import { open } from 'node:fs/promises';
import { type Pickled, pickled } from './pickle.js';
import { writeZip, type ZipSource } from './write-zip.js';

/** Writes an archive around a pickle of any content; storages are `data/0`, `data/1`, …. */
export async function writeArchive(path: string, pickle: Uint8Array | Pickled, storages: readonly Uint8Array[] = []): Promise<void> {
  const bytes = pickle instanceof Uint8Array ? pickle : pickled(pickle);
  await writeEntries(path, [
    { name: 'archive/data.pkl', bytes: () => bytes },
    ...storages.map((storage, i) => ({ name: `archive/data/${i}`, bytes: () => storage })),
  ]);
}

/** Writes an archive of any entries. */
export async function writeEntries(path: string, entries: readonly ZipSource[]): Promise<void> {
  const file = await open(path, 'w');
  await writeZip(file, entries);
  await file.close();
}

/** Opcodes from a string whose characters are bytes. */
export function opcodes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
