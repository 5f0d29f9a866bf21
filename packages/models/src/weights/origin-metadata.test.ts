import '@tensorflow/tfjs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor1d } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { loadWeights } from './load-weights.js';
import { originMetadata } from './origin-metadata.js';
import { saveWeights } from './save-weights.js';

const origin = {
  base: 'openai',
  preprocessing: { mean: [0.5, 0.25, 1], std: [1, 2, 3] },
  merges: ['a b', 'ab c</w>'],
  recipe: { epochs: 5 },
};
const entries = {
  base: 'openai',
  image_mean: '[0.5,0.25,1]',
  image_std: '[1,2,3]',
  tokenizer_sha256: '82ba7ed1bfffc9498fb4b768c2eca4ec2925f9865291621edf73bdbb1efcc66f', // printf 'a b\nab c</w>\n' | sha256sum
  recipe: '{"epochs":5}',
};

it('writes what is known and nothing else', () => {
  expect(originMetadata(origin)).toEqual(entries);
  expect(originMetadata({})).toEqual({});
  expect(originMetadata({ merges: ['a b', 'ab d</w>'] })['tokenizer_sha256']).not.toBe(entries.tokenizer_sha256);
});

it.each(['a.safetensors', 'a.pt'])('comes back from %s', async (name) => {
  const folder = await mkdtemp(join(tmpdir(), 'origin-'));
  await saveWeights(join(folder, name), { a: tensor1d([1]) }, { metadata: originMetadata(origin) });
  expect((await loadWeights(join(folder, name))).metadata).toMatchObject(entries);
  await rm(folder, { recursive: true });
});
