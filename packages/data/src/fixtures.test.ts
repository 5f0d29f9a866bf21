import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixturesDir } from '@fsc-clip/testdata';
import { describe, expect, it } from 'vitest';
import { decodeImage, openImage } from './decode-image.js';
import { fitToSize } from './eval-transform.js';

interface ImageFixture {
  file: string;
  mode: string;
  width: number;
  height: number;
  rgbSha256: string;
  error?: string;
  [hash: `eval${number}Sha256` | `rgbFirstEval${number}Sha256`]: string;
}

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

describe.each(['images.json', 'special.json'])('images/%s', (index) => {
  const folder = join(fixturesDir, 'images');
  const fixtures = JSON.parse(readFileSync(join(folder, index), 'utf8')) as ImageFixture[];

  it('lists pictures', () => expect(fixtures.length).toBeGreaterThan(0));

  it.each(fixtures.map((fixture) => [fixture.file, fixture] as const))('%s', async (file, fixture) => {
    const path = join(folder, file);
    if (fixture.error !== undefined) {
      await expect(decodeImage(path)).rejects.toThrow(file);
      await expect(openImage(path)).rejects.toThrow(file);
      return;
    }
    const rgb = await decodeImage(path);
    const opened = await openImage(path);
    expect([rgb.width, rgb.height]).toEqual([fixture.width, fixture.height]);
    if (fixture.mode === 'I;16') return; // Pillow clips 16 bits at 255, libvips divides by 256
    expect(sha256(rgb.data)).toBe(fixture.rgbSha256);
    const evals = Object.entries(fixture).flatMap(([name, hash]) => {
      const [, how, size] = /^(eval|rgbFirstEval)(\d+)Sha256$/.exec(name) ?? [];
      return size === undefined ? [] : [{ name, hash, image: how === 'eval' ? opened : rgb, size: Number(size) }];
    });
    expect(evals.length).toBeGreaterThan(0);
    for (const { name, hash, image, size } of evals) expect(sha256(fitToSize({ size })(image).data), name).toBe(hash);
  });
});
