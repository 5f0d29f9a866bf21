import '@tensorflow/tfjs';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKey, randomStream } from '@fsc-clip/core';
import { createTokenizer } from '@fsc-clip/models';
import { relativeError } from '@fsc-clip/testdata';
import { tensor } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exportSmallClip } from './exported.fixture.js';

// Exported towers before onnx's own checker and in the Python onnxruntime: `npm run test:onnx`.

const tool = (name: string) => fileURLToPath(new URL(`../../tools/${name}`, import.meta.url));
const python = (file: string, model: string, input = '') =>
  JSON.parse(execFileSync(process.env['PYTHON'] ?? 'python3', [tool(file), model], { input, encoding: 'utf8', maxBuffer: 1e8 }));
type Outputs = Readonly<Record<string, { readonly shape: number[]; readonly data: number[] }>>;

describe('the exported towers in Python', () => {
  let folder: string;
  let small: Awaited<ReturnType<typeof exportSmallClip>>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fsc-clip-towers-'));
    small = await exportSmallClip(folder, ['float32', 'float16', 'int8']);
  });
  afterAll(() => rm(folder, { recursive: true }));

  it.each(['', '_fp16', '_quantized'])('are valid: model%s.onnx', (suffix) => {
    for (const name of ['model', 'text_model', 'vision_model']) {
      const path = join(folder, 'onnx', `${name}${suffix}.onnx`);
      const report = python('check_onnx.py', path)[path];
      expect(report.problems).toBeUndefined();
      expect(Object.keys(report.opsets)).toEqual(['ai.onnx']);
    }
  });

  it.each([
    [1, 4],
    [3, 77],
  ])('compute what the model does, %i pictures and texts of %i', (rows, length) => {
    const random = randomStream(createKey(1));
    const images = { data: Float32Array.from({ length: rows * 3 * 32 * 32 }, () => random.normal()), shape: [rows, 3, 32, 32] };
    const captions = ['a cat', 'two dogs', 'red'].slice(0, rows);
    const texts = createTokenizer({ contextLength: length }).encodeBatch(captions);
    const { imageFeatures, textFeatures } = small.model.apply(small.params, {
      images: tensor(images.data, images.shape),
      texts: tensor(texts.data, [...texts.shape], 'int32'),
    });
    const feeds = {
      pixel_values: { dtype: 'float32', shape: images.shape, data: [...images.data] },
      input_ids: { dtype: 'int64', shape: texts.shape, data: [...texts.data] },
    };
    const outputs = python('run_onnx.py', join(folder, 'onnx/model.onnx'), JSON.stringify(feeds)) as Outputs;
    expect(outputs['logits_per_image']!.shape).toEqual([rows, rows]);
    expect(relativeError(outputs['image_embeds']!.data, imageFeatures.dataSync())).toBeLessThanOrEqual(1e-5);
    expect(relativeError(outputs['text_embeds']!.data, textFeatures.dataSync())).toBeLessThanOrEqual(1e-5);
  });
});
