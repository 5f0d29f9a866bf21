import '@tensorflow/tfjs';
import { createKey, foldIn, randomStream } from '@fsc-clip/core';
import { adamW, partitionParams } from '@fsc-clip/core/tensor';
import { type DeviceArray, jit } from '@fsc-clip/engine';
import { fscClipLoss } from '@fsc-clip/losses';
import { addLora, type ClipConfig, createModel, isLora } from '@fsc-clip/models';
import { createTrainStep, initTrainState } from '@fsc-clip/training';
import { describe, expect, it } from 'vitest';

// Needs a WebGPU device: `npm run test:webgpu` brings a software one. One step of a tiny CLIP, the same on webgpu and cpu.

const config: ClipConfig = {
  embed_dim: 32,
  vision_cfg: { image_size: 32, layers: 2, width: 64, patch_size: 16, head_width: 32 },
  text_cfg: { context_length: 10, vocab_size: 64, width: 64, heads: 2, layers: 2 },
};
const [B, K] = [4, 2];
const key = createKey(1);
const random = randomStream(foldIn(key, 'data'));
const batch = {
  images: { data: Float32Array.from({ length: B * 3 * 32 * 32 }, () => random.normal()), shape: [B, 3, 32, 32] },
  texts: {
    data: Int32Array.from(
      Array.from({ length: B * (1 + K) }, () => [62, 1 + random.integer(60), 1 + random.integer(60), 63, 0, 0, 0, 0, 0, 0]).flat(),
    ),
    shape: [B * (1 + K), 10],
  },
  negativeMask: { data: Float32Array.of(1, 1, 0, 1, 1, 1, 1, 0), shape: [K, B] },
};

async function losses(device: 'cpu' | 'webgpu', rank: number): Promise<number[]> {
  const model = createModel(config);
  const all = rank > 0 ? addLora(foldIn(key, 'lora'), model.init(key), { rank }) : model.init(key);
  const [params, frozen] = rank > 0 ? partitionParams(all, isLora) : [all, {}];
  const optimizer = adamW();
  const step = jit(createTrainStep({ model, loss: fscClipLoss(), optimizer, frozen }), { device, donate: [0] });
  const seen: number[] = [];
  let { state, metrics } = await step(initTrainState(params, optimizer), batch, 1e-3);
  for (let i = 0; i < 2; i++) {
    seen.push((await (metrics['loss'] as DeviceArray).read())[0]!);
    ({ state, metrics } = await step(state, batch, 1e-3));
  }
  seen.push((await (metrics['loss'] as DeviceArray).read())[0]!);
  await step.dispose();
  return seen;
}

describe('webgpu', () => {
  it.each([0, 2])('trains as the cpu does (LoRA rank %i)', async (rank) => {
    const [webgpu, cpu] = [await losses('webgpu', rank), await losses('cpu', rank)];
    for (const [i, loss] of webgpu.entries()) expect(Math.abs(loss - cpu[i]!)).toBeLessThanOrEqual(1e-4 * Math.abs(cpu[i]!));
  });
});
