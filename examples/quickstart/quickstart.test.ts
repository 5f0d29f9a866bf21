import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import '@tensorflow/tfjs';
import { createKey } from '@fsc-clip/core';
import { createModel, saveWeights } from '@fsc-clip/models';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { colourScenes, concepts, draw, loadSprites } from '../emoji-scenes/index.js';

const folder = mkdtempSync(join(tmpdir(), 'fsc-clip-quickstart-'));
const at = (name: string) => join(folder, name);
const own = ['--model', at('tiny.json'), '--weights', at('tiny.safetensors')];
const data = ['--data', at('captions.tsv'), '--images', folder];

/** Runs the program as a user does. */
function quickstart(...args: string[]): Promise<{ code: number; output: string; errors: string }> {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const report = ['--report', at('report.html')];
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', 'tsx', '--conditions=source', main, ...report, ...args], (error, output, errors) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, output, errors });
    });
  });
}

beforeAll(async () => {
  const config = {
    embed_dim: 16,
    vision_cfg: { image_size: 16, patch_size: 8, width: 16, layers: 1, head_width: 8 },
    text_cfg: { context_length: 24, vocab_size: 49408, width: 16, heads: 2, layers: 1 },
  };
  writeFileSync(at('tiny.json'), JSON.stringify(config));
  const model = createModel(config);
  await saveWeights(at('tiny.safetensors'), model.init(createKey(0)), { model });
  const sprites = await loadSprites(concepts);
  const rows = ['filepath\ttitle'];
  for (const { caption, picture, id } of colourScenes({ key: createKey(1), count: 40, split: 'train' })) {
    const { data: pixels, width, height } = draw(picture, sprites);
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(at(`${id}.png`));
    rows.push(`${id}.png\t${caption}`);
  }
  writeFileSync(at('broken.png'), 'not a picture');
  rows.push('broken.png\ta broken picture', '../outside.png\ta path that leads out', 'missing.png\t');
  writeFileSync(at('captions.tsv'), `${rows.join('\n')}\n`);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('quickstart', () => {
  test('on emoji scenes, with a model of one’s own: the table, the report, the last line', async () => {
    const { code, output, errors } = await quickstart(...own, '--steps', '2', '--batch', '4', '--test', '8', '--seeds', '2');
    expect(errors).toBe('');
    expect(code).toBe(0);
    const last = JSON.parse(output.trimEnd().split('\n').at(-1)!);
    expect(Object.keys(last)).toEqual(['seconds', 'samplesPerSecond', 'start', 'clip', 'fscClip']);
    for (const method of ['start', 'clip', 'fscClip']) {
      expect(Object.keys(last[method])).toEqual(['groupScore', 'swap', 'imageToText1', 'textToImage1', 'zeroShot']);
      for (const score of Object.values(last[method])) expect(score).toSatisfy((value: number) => value >= 0 && value <= 1);
    }
    expect(output).toContain('against CLIP');
    expect(readFileSync(at('report.html'), 'utf8')).toContain('Alignment maps');
  });

  test('on one’s own images: LoRA, skips that are named and counted, weights saved', async () => {
    const { code, output, errors } = await quickstart(
      ...own,
      ...data,
      '--lora',
      '2',
      '--steps',
      '3',
      '--batch',
      '8',
      '--save',
      at('saved'),
    );
    expect(errors).toMatch(/skipped: .*outside\.png/);
    expect(code).toBe(0);
    expect(output).toMatch(/left out: [23]\n/);
    expect(JSON.parse(output.trimEnd().split('\n').at(-1)!).fscClip.groupScore).toBeNull();
    expect(existsSync(at('saved/fscClip.safetensors'))).toBe(true);
  });

  test.each([
    ['a missing table', ['--data', at('none.tsv'), '--images', folder], /none\.tsv/],
    ['a missing folder', ['--data', at('captions.tsv'), '--images', at('none')], /--images/],
    ['a wrong column', [...data, '--caption-column', 'text'], /column `text`.*`title`/],
    ['too few pairs', [...data, '--batch', '100'], /--batch/],
  ])('%s is named, and nothing is written', async (_, args, message) => {
    rmSync(at('report.html'), { force: true });
    const { code, output, errors } = await quickstart(...own, ...args);
    expect(errors).toMatch(message);
    expect(errors.trimEnd().split('\n').length).toBeLessThan(4);
    expect([code, output, existsSync(at('report.html'))]).toEqual([1, '', false]);
  });
});
