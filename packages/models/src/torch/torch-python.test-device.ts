import '@tensorflow/tfjs';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKey } from '@fsc-clip/core';
import { adamW } from '@fsc-clip/core/tensor';
import { relativeError } from '@fsc-clip/testdata';
import { expect, test } from 'vitest';
import { createModel } from '../model/create-model.js';
import { loadTorchCheckpoint } from './load-torch-checkpoint.js';
import { saveTorchCheckpoint } from './save-torch-checkpoint.js';

const script = fileURLToPath(new URL('../../../../tools/check_torch.py', import.meta.url));

test('a run goes on in PyTorch and comes back: one step there equals one step here', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'torch-python-'));
  try {
    const model = createModel({
      embed_dim: 6,
      vision_cfg: { image_size: 8, patch_size: 4, width: 16, layers: 2, head_width: 8 },
      text_cfg: { context_length: 5, vocab_size: 20, width: 12, heads: 3, layers: 2 },
      quick_gelu: true,
    });
    const optimizer = adamW();
    const start = model.init(createKey(1));
    const first = optimizer.update(start, optimizer.init(start), start, { learningRate: 1e-2 });
    const [source, target] = [join(folder, 'ours.pt'), join(folder, 'theirs.pt')];
    await saveTorchCheckpoint(source, { params: first.params, optimizer: first.state, epoch: 1, name: 'é' }, { model, learningRate: 1e-3 });
    execFileSync(process.env['PYTHON'] ?? 'python3', [script, source, target]);

    const theirs = await loadTorchCheckpoint(target, { model });
    const { params, state } = optimizer.update(first.params, first.state, first.params, { learningRate: 1e-3 });
    expect(theirs).toMatchObject({ epoch: 2, name: 'é', learningRate: 1e-3 });
    expect([...theirs.optimizer.step.data]).toEqual([2]);
    const pairs = [
      [theirs.params, params],
      [theirs.optimizer.expAvg, state.expAvg],
      [theirs.optimizer.expAvgSq, state.expAvgSq],
    ] as const;
    for (const [found, expected] of pairs) {
      expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
      for (const [name, t] of Object.entries(expected)) {
        expect(relativeError(found[name]!.data, t.dataSync() as Float32Array), name).toBeLessThanOrEqual(1e-6);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
