import '@tensorflow/tfjs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKey } from '@fsc-clip/core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { addLora } from '../lora/add-lora.js';
import { createModel } from '../model/create-model.js';
import { saveWeights } from '../weights/save-weights.js';
import { fetchPretrained } from './fetch-pretrained.js';
import { type FileServer, startFileServer } from './file-server.fixture.js';
import { type PretrainedTag, pretrained } from './manifest.js';
import { openPretrained } from './open-pretrained.js';

// Stands in for ViT-B/32, whose checkpoints have hundreds of megabytes.
const tiny = vi.hoisted(() => ({
  embed_dim: 6,
  vision_cfg: { image_size: 8, patch_size: 4, width: 16, layers: 1, head_width: 8 },
  text_cfg: { context_length: 5, vocab_size: 20, width: 12, heads: 3, layers: 1 },
}));
vi.mock('../config/configs.js', () => ({ configs: { 'ViT-B-32': tiny } }));

const params = addLora(createKey(2), createModel(tiny).init(createKey(1)), { rank: 4 });
let server: FileServer;
let made: string;
let folder: string;
beforeAll(async () => {
  made = await mkdtemp(join(tmpdir(), 'pretrained-'));
  await saveWeights(join(made, 'bare.pt'), params); // says neither activation nor scale
  server = await startFileServer(await readFile(join(made, 'bare.pt')));
});
afterAll(async () => {
  await server.close();
  await rm(made, { recursive: true });
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pretrained-cache-'));
  server.requests.length = 0;
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

describe('the list of checkpoints', () => {
  it('has the two that are started from in three sizes, and the twelve that were released', () => {
    const tags = pretrained.map(({ tag }) => tag);
    for (const tag of ['openai', 'datacomp_xl_s13b_b90k']) expect(tags.filter((other) => other === tag).length).toBe(3);
    expect(tags.filter((tag) => tag.startsWith('fsc-clip/')).length).toBe(12);
    for (const key of ['address', 'path'] as const) expect(new Set(pretrained.map((file) => file[key])).size).toBe(18);
  });

  it('gives every file an address of https, and the activation of what it was fine-tuned from', () => {
    for (const file of pretrained) {
      expect(new URL(file.address).protocol).toBe('https:');
      const base = 'base' in file ? file.base : file.tag;
      expect(file.quickGelu).toBe(pretrained.find(({ tag }) => tag === base)!.quickGelu);
      expect('lora' in file).toBe(file.tag.endsWith('-lora'));
      if ('sha256' in file) expect(file.sha256).toMatch(/^[0-9a-f]{64}$/);
    }
  });
});

describe('openPretrained', () => {
  it('downloads once, then opens what is there, with the model that belongs to it', async () => {
    const tag = 'fsc-clip/coco-ViT-B-32-lora';
    const opened = await openPretrained(tag, { mirror: `${server.address}/`, folder });
    expect(server.requests.map(({ path }) => path)).toEqual(['/ytaek-oh/fsc-clip/resolve/main/coco_fsc-clip-lora-ViT-B-32.pt']);
    expect(opened.model.config.quick_gelu).toBe(true);
    expect(opened.model.loraAlpha).toBe(1);
    expect(opened.preprocessing).toMatchObject({ size: 8, resizeMode: 'shortest', interpolation: 'bicubic' });
    expect(opened.source).toMatchObject({ tag, base: 'openai', lora: { rank: 4, alpha: 1 } });
    expect(opened.path).toBe(join(folder, 'fsc-clip', 'coco_fsc-clip-lora-ViT-B-32.pt'));
    for (const [name, t] of Object.entries(params)) expect(opened.params[name]!.dataSync(), name).toEqual(t.dataSync());
    const again = await openPretrained(tag, { offline: true, folder, contextLength: 3 });
    expect(again.params['positional_embedding']!.shape).toEqual([3, 12]);
    expect(server.requests.length).toBe(1);
  });

  it('opens a copy without looking elsewhere', async () => {
    const { model } = await openPretrained('fsc-clip/dcxl-ViT-B-32-lora', { file: join(made, 'bare.pt'), offline: true, folder });
    expect(model.config.quick_gelu).toBe(false);
  });

  it('checks the SHA-256 that is known', async () => {
    await expect(openPretrained('openai', { mirror: server.address, folder })).rejects.toThrow('must have the SHA-256 40d36571');
    expect(server.requests[0]!.path).toMatch(/^\/clip\/models\/40d3.*\/ViT-B-32\.pt$/);
  });
});

describe('fetchPretrained', () => {
  const tag = 'datacomp_xl_s13b_b90k';

  it('takes the cache and the mirrors that the environment names', async () => {
    vi.stubEnv('FSC_CLIP_CACHE', folder);
    vi.stubEnv('HF_ENDPOINT', server.address);
    expect(await fetchPretrained(tag, { architecture: 'ViT-B-16' })).toBe(join(folder, 'weights', tag, 'ViT-B-16.bin'));
    vi.stubEnv('HF_ENDPOINT', 'http://127.0.0.1:1');
    vi.stubEnv('FSC_CLIP_MIRROR', `${server.address}/all`);
    await fetchPretrained(tag);
    expect(server.requests.map(({ path }) => path)).toEqual([
      '/laion/CLIP-ViT-B-16-DataComp.XL-s13B-b90K/resolve/main/open_clip_pytorch_model.bin',
      '/all/laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K/resolve/main/open_clip_pytorch_model.bin',
    ]);
  });

  it('asks huggingface.co’s mirror for files of huggingface.co only', async () => {
    vi.stubEnv('HF_ENDPOINT', server.address);
    const hosts: string[] = [];
    const send = (url: string | URL | Request) => {
      hosts.push(new URL(String(url)).host);
      return Promise.resolve(new Response(null, { status: 404 }));
    };
    for (const tag of ['openai', 'fsc-clip/cc3m-ViT-B-32'] as const)
      await expect(fetchPretrained(tag, { folder, fetch: send })).rejects.toThrow('must be there, got the answer 404');
    expect(hosts).toEqual(['openaipublic.azureedge.net', new URL(server.address).host]);
  });

  it('says where a file must come from when it may not download', async () => {
    const message =
      /openai.ViT-L-14\.pt` must be there to be opened offline, got no such file\. Bring it there from https:\/\/.*\/ViT-L-14\.pt$/;
    await expect(fetchPretrained('openai', { folder, offline: true, architecture: 'ViT-L-14' })).rejects.toThrow(message);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expect(fetchPretrained('openai', { folder, architecture: 'ViT-L-14' })).rejects.toThrow(message);
  });

  it('refuses what it does not know', async () => {
    await expect(fetchPretrained('opena' as PretrainedTag)).rejects.toThrow(
      "fetchPretrained: `tag` must be a known checkpoint, got 'opena'. The nearest is openai; all of them: openai, datacomp_xl_s13b_b90k, fsc-clip/coco-ViT-B-32,",
    );
    await expect(fetchPretrained('fsc-clip/coco-ViT-B-32', { architecture: 'ViT-L-14' })).rejects.toThrow(
      '`architecture` must be one that the tag has, got ViT-L-14. It has ViT-B-32',
    );
    await expect(fetchPretrained('openai', { folder, mirror: 'ftp://here' })).rejects.toThrow(
      '`mirror` must be an address of http or https',
    );
  });
});
