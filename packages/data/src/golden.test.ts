import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeGolden, goldenDir } from '@fsc-clip/testdata';
import { expect, it } from 'vitest';
import { decodeImage, openImage } from './decode-image.js';
import { type EvalTransformOptions, evalTransform, fitToSize } from './eval-transform.js';
import type { Box } from './image.js';
import { randomResizedCrop } from './random-resized-crop.js';
import { resizeBicubic } from './resize.js';

interface ImageCase {
  name: string;
  kind: 'image';
  file: string;
  mode: string;
  width: number;
  height: number;
  decodedSha256: string;
  results: Record<string, string>;
  floats: Record<string, string>;
  error?: string;
}
interface CropCase {
  name: string;
  kind: 'crop';
  file: string;
  box: Box;
  result: string;
}
interface SamplingCase {
  name: string;
  kind: 'cropSampling';
  width: number;
  height: number;
  scale: [number, number];
  ratio: [number, number];
  draws: { uniform?: [number, number]; integer?: [number, number]; value: number }[];
  box: Box;
}
interface Mode {
  size: number | [number, number];
  resize_mode?: 'shortest' | 'squash' | 'longest';
  interpolation?: 'bicubic' | 'bilinear';
  fill_color?: number;
}
interface ImagesJson {
  size: number;
  mean: [number, number, number];
  std: [number, number, number];
  modes: Record<string, Mode>;
}

describeGolden<ImageCase | CropCase | SamplingCase, ImagesJson>('images', ({ json, cases, array }) => {
  const path = (file: string) => join(goldenDir, file);

  /** A result's name is a mode, or `shortest` with another size or `half` (mean and deviation 0.5), and may end in how it was opened. */
  const optionsOf = (name: string): EvalTransformOptions => {
    const [mode = '', change] = name.split('/')[0]!.split(/-(?=half$|\d+$)/);
    const found = json.modes[mode];
    if (!found) throw new Error(`unknown mode ${name}`);
    return {
      size: change !== undefined && /^\d+$/.test(change) ? Number(change) : found.size,
      ...(found.resize_mode && { resizeMode: found.resize_mode }),
      ...(found.interpolation && { interpolation: found.interpolation }),
      ...(found.fill_color !== undefined && { fillColor: found.fill_color }),
      mean: change === 'half' ? [0.5, 0.5, 0.5] : json.mean,
      std: change === 'half' ? [0.5, 0.5, 0.5] : json.std,
    };
  };

  const checkImage = async (it: ImageCase) => {
    if (it.error !== undefined) {
      await expect(decodeImage(path(it.file))).rejects.toThrow(it.file);
      return;
    }
    const rgb = await decodeImage(path(it.file));
    expect([rgb.width, rgb.height]).toEqual([it.width, it.height]);
    const opened = await openImage(readFileSync(path(it.file)));
    expect([opened.width, opened.height]).toEqual([it.width, it.height]);
    if (it.mode === 'I;16') return; // Pillow clips 16 bits at 255: the set calls it information, not a requirement
    expect(createHash('sha256').update(rgb.data).digest('hex')).toBe(it.decodedSha256);
    for (const [name, result] of Object.entries(it.results)) {
      const how = name.split('/')[1] ?? 'rgbFirst';
      if (how !== 'rgbFirst' && how !== 'asOpened') throw new Error(`unknown result ${name}`);
      const expected = array(result);
      const { data, width, height } = fitToSize(optionsOf(name))(how === 'asOpened' ? opened : rgb);
      expect([height, width, 3], name).toEqual(expected.shape);
      expect(Buffer.compare(data, expected.data as Uint8Array), name).toBe(0);
    }
    for (const [name, result] of Object.entries(it.floats)) {
      const expected = array(result);
      const { data, shape } = evalTransform(optionsOf(name))(rgb);
      expect(shape, name).toEqual(expected.shape);
      expect(data, name).toEqual(expected.data);
    }
  };

  const checkCrop = async (it: CropCase) => {
    const expected = array(it.result);
    const [height, width] = expected.shape as [number, number, number];
    const { data } = resizeBicubic(await decodeImage(path(it.file)), { width, height, region: it.box });
    expect(Buffer.compare(data, expected.data as Uint8Array)).toBe(0);
  };

  const checkSampling = (it: SamplingCase) => {
    const left = [...it.draws];
    const draw = (kind: 'uniform' | 'integer') => (low: number, high: number) => {
      const next = left.shift();
      expect(next?.[kind], `${kind} draw`).toEqual([low, high]);
      return next!.value;
    };
    expect(randomResizedCrop(it, it.scale, it.ratio, { uniform: draw('uniform'), integer: draw('integer') })).toEqual(it.box);
    expect(left).toEqual([]);
  };

  it.each(cases.map((one) => [one.name, one] as const))('%s', async (_, one) => {
    if (one.kind === 'image') await checkImage(one);
    else if (one.kind === 'crop') await checkCrop(one);
    else if (one.kind === 'cropSampling') checkSampling(one);
    else throw new Error(`unknown kind ${JSON.stringify(one)}`);
  });
});
