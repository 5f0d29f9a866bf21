import '@tensorflow/tfjs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKey } from '@fsc-clip/core';
import { adamW, decays, mapParams, partitionParams } from '@fsc-clip/core/tensor';
import { type Tensor, tensor, zeros } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isLora } from '../lora/adapters.js';
import { addLora } from '../lora/add-lora.js';
import { createModel } from '../model/create-model.js';
import { initialize } from '../model/initialize.js';
import { readWeights } from '../weights/load-weights.js';
import { saveWeights } from '../weights/save-weights.js';
import { loadTorchCheckpoint } from './load-torch-checkpoint.js';
import { pickleDict, pickleList, pickleText } from './pickle.js';
import { saveTorchCheckpoint } from './save-torch-checkpoint.js';
import { writeArchive } from './torch-archive.fixture.js';

const model = createModel({
  embed_dim: 6,
  vision_cfg: { image_size: 8, patch_size: 4, width: 16, layers: 1, head_width: 8 },
  text_cfg: { context_length: 5, vocab_size: 20, width: 12, heads: 3, layers: 1 },
  quick_gelu: true,
});
const params = model.init(createKey(1));
const random = (name: string, t: Tensor): Tensor =>
  tensor(initialize(createKey(2), name, { shape: t.shape, initial: { bound: 1 } }).data, t.shape);

/** Weights and optimizer after one step of AdamW. */
function trained(start: typeof params) {
  const optimizer = adamW();
  const grads = mapParams(start, (t, name) => random(name, t));
  const { params, state } = optimizer.update(grads, optimizer.init(start), start, { learningRate: 1e-2 });
  return { params, optimizer: state };
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
});
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

describe('a checkpoint for PyTorch', () => {
  it('comes back bit for bit', async () => {
    const state = trained(params);
    await saveTorchCheckpoint(at('a.pt'), { ...state, epoch: 3, name: 'run' }, { model, learningRate: 1e-3, metadata: { base: 'openai' } });
    const loaded = await loadTorchCheckpoint(at('a.pt'), { model });
    expect(loaded).toMatchObject({ epoch: 3, name: 'run', learningRate: 1e-3, metadata: { base: 'openai', quick_gelu: 'true' } });
    expect([...loaded.optimizer.step.data]).toEqual([1]);
    for (const [name, weight] of Object.entries(state.params)) expect(loaded.params[name]!.data, name).toEqual(weight.dataSync());
    for (const part of ['expAvg', 'expAvgSq'] as const) {
      expect(Object.keys(loaded.optimizer[part]).sort()).toEqual(Object.keys(params).sort());
      for (const [name, moment] of Object.entries(state.optimizer[part]))
        expect(loaded.optimizer[part][name]!.data).toEqual(moment.dataSync());
    }
    const names = Object.keys(loaded.optimizer.expAvg);
    const first = names.findIndex((name) => decays(name, params[name]!));
    expect(names.slice(first).every((name) => decays(name, params[name]!))).toBe(true); // without decay first
  });

  it('holds adapters behind their weights, and the state of what was trained', async () => {
    const adapted = addLora(createKey(3), params, { rank: 2 });
    const [adapters] = partitionParams(adapted, isLora);
    const state = trained(adapters);
    await saveTorchCheckpoint(
      at('lora.pt'),
      { ...state, params: { ...adapted, ...state.params }, epoch: 1 },
      { model, learningRate: 1e-3 },
    );
    const loaded = await loadTorchCheckpoint(at('lora.pt'), { model });
    expect(Object.keys(loaded.optimizer.expAvg).sort()).toEqual(Object.keys(adapters).sort());
    const names = Object.keys(loaded.params);
    expect(names.slice(names.indexOf('visual.conv1.weight')).slice(0, 3)).toEqual([
      'visual.conv1.weight',
      'visual.conv1.lora_A',
      'visual.conv1.lora_B',
    ]);

    const [text] = partitionParams(params, (name) => !name.startsWith('visual.'));
    await saveTorchCheckpoint(at('text.pt'), { ...trained(text), params, epoch: 1 }, { model, learningRate: 1e-3 });
    await expect(loadTorchCheckpoint(at('text.pt'), { model })).rejects.toThrow(
      `must hold the state of ${Object.keys(params).length} weights, got ${Object.keys(text).length}. Say which were trained: \`trained\``,
    );
    const locked = await loadTorchCheckpoint(at('text.pt'), { model, trained: (name) => !name.startsWith('visual.') });
    expect(Object.keys(locked.optimizer.expAvgSq).sort()).toEqual(Object.keys(text).sort());
  });

  it('refuses what does not fit', async () => {
    const state = trained(params);
    const save = (change: object, options: object = {}) =>
      saveTorchCheckpoint(at('b.pt'), { ...state, epoch: 1, ...change }, { model, learningRate: 1e-3, ...options });
    await expect(save({ epoch: -1 })).rejects.toThrow('`epoch` must be an integer of at least 0, got -1');
    const { expAvg } = state.optimizer;
    await expect(save({ optimizer: { ...state.optimizer, expAvg: { ...expAvg, 'visual.proj': zeros([1]) } } })).rejects.toThrow(
      '`visual.proj` must have a weight and two moments of one shape',
    );
    await expect(save({ optimizer: { ...state.optimizer, expAvg: {} } })).rejects.toThrow('two moments of one shape');
    await expect(saveTorchCheckpoint(at('b.safetensors'), { ...state, epoch: 1 }, { model, learningRate: 1 })).rejects.toThrow(
      'must end in .pt',
    );
    await saveWeights(at('weights.pt'), params, { model });
    await expect(loadTorchCheckpoint(at('weights.pt'), { model })).rejects.toThrow('must hold an optimizer, got none. Weights alone');
    await save({}, { decays: () => true }); // PyTorch's order is then another one
    await expect(loadTorchCheckpoint(at('b.pt'), { model })).rejects.toThrow(/`.*` must have moments \[/);
  });
});

describe('saveWeights to a PyTorch file', () => {
  it('says the activation, and comes back rounded as asked', async () => {
    await saveWeights(at('w.pt'), params, { model, dtype: 'bfloat16', metadata: { run: 'é' } });
    const loaded = await readWeights(at('w.pt'), { model });
    expect(loaded.metadata).toEqual({ format: 'pt', quick_gelu: 'true', run: 'é' });
    const before = params['visual.proj']!.dataSync();
    for (const [i, x] of loaded.params['visual.proj']!.data.entries())
      expect(Math.abs(x - before[i]!)).toBeLessThanOrEqual(Math.abs(x) * 2 ** -8);
    await expect(readWeights(at('w.pt'), { model: createModel(model.config, { quickGelu: false }) })).rejects.toThrow(
      "model's quick_gelu, got true",
    );
  });

  it('refuses other names, and files without weights', async () => {
    await expect(saveWeights(at('w.onnx'), params)).rejects.toThrow('must end in .safetensors, .pt, .pth or .bin');
    await writeArchive(at('empty.pt'), pickleDict([[pickleText('epoch'), pickleList([])]]));
    await expect(readWeights(at('empty.pt'))).rejects.toThrow(
      'must hold weights: a dictionary of tensors, or one under `state_dict`, got a dictionary of `epoch`',
    );
  });
});
