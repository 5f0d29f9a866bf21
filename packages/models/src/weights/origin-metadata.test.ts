import '@tensorflow/tfjs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor1d } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { loadWeights } from './load-weights.js';
import { originMetadata, originNormalization } from './origin-metadata.js';
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

it('gives the normalisation back, and takes no other', () => {
  expect(originNormalization(entries)).toEqual(origin.preprocessing);
  expect(originNormalization({ base: 'openai' })).toBeUndefined();
  const refused = (image_mean: string, image_std: string) => () => originNormalization({ image_mean, image_std });
  expect(refused('[1,2]', '[1,1,1]')).toThrow('originNormalization: `metadata.image_mean` must be three numbers, as JSON, got [1,2]');
  expect(refused('[1,2,3]', '[1,0,1]')).toThrow('`metadata.image_std` must be three numbers above 0, as JSON, got [1,0,1]');
  expect(refused('{', '[1,1,1]')).toThrow('image_mean');
  expect(() => originNormalization({ image_mean: '[1,2,3]' })).toThrow(
    '`metadata.image_std` must be three numbers above 0, as JSON, got nothing',
  );
});

it.each(['a.safetensors', 'a.pt'])('comes back from %s', async (name) => {
  const folder = await mkdtemp(join(tmpdir(), 'origin-'));
  await saveWeights(join(folder, name), { a: tensor1d([1]) }, { metadata: originMetadata(origin) });
  expect((await loadWeights(join(folder, name))).metadata).toMatchObject(entries);
  await rm(folder, { recursive: true });
});
