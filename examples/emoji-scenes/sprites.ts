import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DataError } from '@fsc-clip/core';
import sharp from 'sharp';

/** Sides in pixels at which sprites are drawn: the small ones fit into half a scene, the large ones stand alone. */
export const pairSizes = [24, 28, 32] as const;
export const singleSizes = [36, 44, 52] as const;

/** RGBA pixels of a square picture, row-major, alpha not multiplied in. */
export type Sprite = Uint8Array;

/** Every concept at every size: `sprites.get('car').get(28)`. */
export type Sprites = ReadonlyMap<string, ReadonlyMap<number, Sprite>>;

/**
 * Decodes the pictures of `names` out of `emoji-datasource-google` (64-px Noto emoji, Apache-2.0), once, at all sizes.
 *
 * @throws DataError when a name has no picture there
 */
export async function loadSprites(names: readonly string[]): Promise<Sprites> {
  const index = createRequire(import.meta.url).resolve('emoji-datasource-google/emoji.json');
  const emoji: readonly { short_name: string; image: string }[] = JSON.parse(await readFile(index, 'utf8'));
  const files = new Map(emoji.map(({ short_name, image }) => [short_name, join(dirname(index), 'img/google/64', image)]));
  return new Map(
    await Promise.all(
      names.map(async (name) => {
        const file = files.get(name);
        if (file === undefined) {
          throw new DataError({ function: 'loadSprites', argument: name, rule: 'must be a short name of emoji-datasource-google' });
        }
        return [name, await decodeAtAllSizes(file)] as const;
      }),
    ),
  );
}

async function decodeAtAllSizes(file: string): Promise<ReadonlyMap<number, Sprite>> {
  const sizes = [...pairSizes, ...singleSizes];
  const pixels = await Promise.all(sizes.map((size) => sharp(file).ensureAlpha().resize(size, size).raw().toBuffer()));
  return new Map(sizes.map((size, i) => [size, new Uint8Array(pixels[i]!)]));
}
