import '@tensorflow/tfjs';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createKey } from '@fsc-clip/core';
import { uniform, valueAndGrads } from '@fsc-clip/core/tensor';
import { jit } from '@fsc-clip/engine';
import { fscClipLoss } from '@fsc-clip/losses';
import { type ClipConfig, createModel } from '@fsc-clip/models';
import { add, type Tensor, type Tensor1D, type Tensor2D, type Tensor4D, tensor, tensor2d } from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { exportProgram } from './inspect/export.js';
import { trace } from './trace/trace.js';

// Exported programs before onnx's own checker and the Python onnxruntime: `npm run test:onnx`.

const checker = fileURLToPath(new URL('../../../tools/check_onnx.py', import.meta.url));
const folder = mkdtemp(join(tmpdir(), 'fsc-clip-onnx-'));
afterAll(async () => rm(await folder, { recursive: true }));

interface Report {
  readonly ok: boolean;
  readonly problems?: readonly string[];
  readonly opsets: Readonly<Record<string, number>>;
  readonly externalData: Readonly<Record<string, number>>;
  readonly inputs: Readonly<Record<string, readonly unknown[]>>;
  readonly outputs: Readonly<Record<string, readonly unknown[]>>;
}

/** What the checker says of a model. */
function check(path: string): Report {
  let text: string;
  try {
    text = execFileSync(process.env['PYTHON'] ?? 'python3', [checker, path], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  } catch (error) {
    text = (error as { stdout: string }).stdout; // it ends with 1 when a check fails, and has said which
  }
  return (JSON.parse(text) as Record<string, Report>)[path]!;
}

const config: ClipConfig = {
  embed_dim: 16,
  vision_cfg: { image_size: 32, layers: 1, width: 16, patch_size: 16, head_width: 8 },
  text_cfg: { context_length: 10, vocab_size: 49408, width: 16, heads: 2, layers: 1 },
};

describe('exported programs', () => {
  it('a loss of a tiny CLIP, with its gradients', async () => {
    const model = createModel(config);
    const params = model.init(createKey(1));
    const negativeMask = tensor2d([[1, 0, 1]]);
    const lossAndGrads = (images: Tensor, texts: Tensor) =>
      valueAndGrads((weights) => {
        const output = model.apply(weights, { images: images as Tensor4D, texts: texts as Tensor2D }, { denseTokens: true });
        return fscClipLoss()(output, { negativeMask }).total;
      })(params);
    const step = jit(lossAndGrads);
    const path = join(await folder, 'loss.onnx');
    const [B, K] = [3, 1];
    const images = { data: new Float32Array(B * 3 * 32 * 32), shape: [B, 3, 32, 32] };
    const texts = { data: new Int32Array(B * (1 + K) * 10), shape: [B * (1 + K), 10] };
    await step.export(path, images, texts);
    const { ok, problems, opsets, inputs, outputs } = check(path);
    expect(problems).toBeUndefined();
    expect(ok).toBe(true);
    expect(Object.keys(opsets)).toEqual(['ai.onnx']);
    expect(inputs).toEqual({ 'arguments[0]': ['tensor(float)', images.shape], 'arguments[1]': ['tensor(int32)', texts.shape] });
    expect(outputs['result.value']).toEqual(['tensor(float)', []]);
    expect(Object.keys(outputs)).toHaveLength(1 + Object.keys(params).length);
  });

  it('constants beside the model, and random numbers', async () => {
    const constant = tensor(Float32Array.from({ length: 5000 }, (_, i) => i));
    const fn = (key: Tensor) => add(uniform(key as Tensor1D, [5000]), constant);
    const tree = { kind: 'list', items: [{ kind: 'leaf' }] } as const;
    const leaves = [{ path: 'arguments[0]', shape: [2], dtype: 'int32', from: new Int32Array(2) }] as const;
    const path = join(await folder, 'noise.onnx');
    const { graph, paths } = await trace(fn, { tree, leaves });
    await exportProgram(path, { graph, names: { inputs: ['arguments[0]'], outputs: paths } }, 10_000);
    const { problems, externalData } = check(path);
    expect(problems).toBeUndefined();
    expect(Object.keys(externalData)).toEqual(['noise.onnx.data']);
  });
});
