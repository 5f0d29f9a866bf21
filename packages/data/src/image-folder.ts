import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { DataError } from '@fsc-clip/core';
import { type OnError, report, type Sample } from './sample.js';

/** Options of `readImageFolder`. */
export interface ImageFolderOptions {
  /** `sidecar`: the text of `cat.txt` beside `cat.jpg`. `fileName`: `a_black_cat.jpg` is "a black cat". @defaultValue 'sidecar' */
  readonly captions?: 'sidecar' | 'fileName';
  /** A picture without a caption. @defaultValue 'throw' */
  readonly onError?: OnError;
}

const picture = /\.(?:jpe?g|png|webp|gif)$/i;

/**
 * Reads the pictures (JPEG, PNG, WebP, GIF) in a folder and the folders below it.
 *
 * @returns samples sorted by their path below `folder`, which is their key
 * @throws DataError when the folder cannot be read, or a caption is missing or empty
 * @example
 * for await (const { key, caption } of readImageFolder('pictures', { captions: 'fileName' })) console.log(key, caption);
 */
export async function* readImageFolder(folder: string, options: ImageFolderOptions = {}): AsyncGenerator<Sample, void, undefined> {
  const { captions = 'sidecar', onError = 'throw' } = options;
  const refuse = (argument: string, rule: string, cause?: unknown) =>
    new DataError({ function: 'readImageFolder', argument, rule, ...(cause instanceof Error && { got: cause.message, cause }) });
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause) => {
    throw refuse(folder, 'must be a folder that can be read', cause);
  });
  const files = entries
    .filter((entry) => entry.isFile() && picture.test(entry.name))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  for (const key of files.sort()) {
    const image = join(folder, key);
    const stem = image.replace(picture, '');
    const caption = captions === 'fileName' ? captionOfName(stem) : await readFile(`${stem}.txt`, 'utf8').catch((error: Error) => error);
    if (typeof caption === 'string' && caption.trim() !== '') yield { key, image, caption: caption.trim() };
    else
      report(
        onError,
        refuse(image, `must have a caption ${captions === 'fileName' ? 'as its name' : 'in a .txt file beside it'}`, caption),
      );
  }
}

function captionOfName(stem: string): string {
  return stem.slice(Math.max(stem.lastIndexOf('/'), stem.lastIndexOf('\\')) + 1).replaceAll('_', ' ');
}
