import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import '@tensorflow/tfjs';
import { createKey } from '@fsc-clip/core';
import { createModel, saveWeights } from '@fsc-clip/models';
import { afterAll, expect, test } from 'vitest';

// Needs a WebGPU device: `npm run test:webgpu` brings a software one, which is slow; so the model is tiny and the steps are few.

const folder = mkdtempSync(join(tmpdir(), 'fsc-clip-webgpu-'));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

test('the quickstart on webgpu starts with the same losses as on the cpu', async () => {
  const config = {
    embed_dim: 16,
    vision_cfg: { image_size: 16, patch_size: 8, width: 16, layers: 1, head_width: 8 },
    text_cfg: { context_length: 24, vocab_size: 49408, width: 16, heads: 2, layers: 1 },
  };
  const model = createModel(config);
  writeFileSync(at('tiny.json'), JSON.stringify(config));
  await saveWeights(at('tiny.safetensors'), model.init(createKey(0)), { model });

  const firstStep = async (device: string): Promise<Record<string, { loss: number }>> => {
    const main = fileURLToPath(new URL('./main.ts', import.meta.url));
    const small = ['--steps', '2', '--batch', '4', '--test', '4', '--lora', '2', '--report', at('report.html'), '--log', at(device)];
    const own = ['--model', at('tiny.json'), '--weights', at('tiny.safetensors')];
    await promisify(execFile)(process.execPath, ['--import', 'tsx', '--conditions=source', main, '--device', device, ...own, ...small]);
    const first = (method: string) => JSON.parse(readFileSync(at(`${device}/${method}-0.jsonl`), 'utf8').split('\n')[0]!);
    return { clip: first('clip'), fscClip: first('fscClip') };
  };
  const [cpu, webgpu] = [await firstStep('cpu'), await firstStep('webgpu')];
  for (const method of ['clip', 'fscClip'] as const) {
    const [expected, actual] = [cpu[method]!.loss, webgpu[method]!.loss];
    expect(Math.abs(actual - expected), method).toBeLessThanOrEqual(1e-4 * Math.abs(expected));
  }
});
