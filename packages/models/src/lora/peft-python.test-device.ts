import '@tensorflow/tfjs';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKey } from '@fsc-clip/core';
import { mapParams, mergeParams, partitionParams } from '@fsc-clip/core/tensor';
import { relativeError } from '@fsc-clip/testdata';
import { add, tensor } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { createModel } from '../model/create-model.js';
import { initialize } from '../model/initialize.js';
import { loadWeights, readWeights } from '../weights/load-weights.js';
import { isLora } from './adapters.js';
import { addLora } from './add-lora.js';
import { saveLora } from './save-lora.js';

const fixture = fileURLToPath(new URL('../../../../testdata/peft', import.meta.url));

test('adapters of ours compute the same in PEFT', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'peft-python-'));
  try {
    const model = createModel(
      {
        embed_dim: 6,
        vision_cfg: { image_size: 8, patch_size: 4, width: 16, layers: 2, head_width: 8 },
        text_cfg: { context_length: 5, vocab_size: 20, width: 12, heads: 3, layers: 2 },
        quick_gelu: true,
      },
      { loraAlpha: 4 },
    );
    const { params: base } = await loadWeights(join(fixture, 'base/model.safetensors'), { model });
    const adapted = addLora(createKey(1), base, { rank: 2, targets: ['in_proj', 'out_proj'] });
    const [fresh] = partitionParams(addLora(createKey(2), adapted, { rank: 3, targets: ['c_fc', 'c_proj'], towers: 'text' }), isLora);
    const adapters = mapParams(fresh, (t, name) =>
      add(t, tensor(initialize(createKey(3), name, { shape: t.shape, initial: { bound: 0.5 } }).data, t.shape)),
    );
    const [layout, out] = [join(folder, 'adapter'), join(folder, 'out.safetensors')];
    await saveLora(layout, adapters, { model, layout: 'peft' });
    execFileSync(process.env['PYTHON'] ?? 'python3', [join(fixture, 'adapters.py'), 'run', fixture, layout, out], { stdio: 'pipe' });

    const { params: inputs } = await readWeights(join(fixture, 'outputs.safetensors'));
    const [images, texts] = [inputs['images']!, inputs['texts']!];
    const input = { images: tensor(images.data, [...images.shape]), texts: tensor(texts.data, [...texts.shape], 'int32') };
    const { params: theirs } = await readWeights(out);
    const { imageFeatures, textFeatures } = model.apply(mergeParams(base, adapters), input);
    expect(relativeError(theirs['image_features']!.data, imageFeatures.dataSync() as Float32Array)).toBeLessThanOrEqual(1e-5);
    expect(relativeError(theirs['text_features']!.data, textFeatures.dataSync() as Float32Array)).toBeLessThanOrEqual(1e-5);
    expect(relativeError(model.apply(base, input).textFeatures.dataSync(), theirs['text_features']!.data)).toBeGreaterThan(1e-2);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
