import '@tensorflow/tfjs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { add, gather, matMul, mul, sum, type Tensor, type Tensor1D, tensor, transpose } from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { jit } from '../jit.js';

const folder = mkdtemp(join(tmpdir(), 'fsc-clip-stored-'));
afterAll(async () => rm(await folder, { recursive: true }));

const waves = (count: number, by: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i * by));

async function result(path: string, feeds: Record<string, OnnxTensor>): Promise<Float32Array> {
  const session = await InferenceSession.create(path, { logSeverityLevel: 3 });
  try {
    return (await session.run(feeds))['result']!.data as Float32Array;
  } finally {
    await session.release();
  }
}

describe('weights of an exported program', () => {
  // A table, a product as Gemm with a turned side and a bias, one as MatMul, and a weight that two operations read.
  const [table, right, bias, shared] = [
    tensor(waves(50 * 64, 0.37), [50, 64]),
    tensor(waves(32 * 64, 0.11), [32, 64]),
    tensor(waves(32, 0.7), [32]),
    tensor(waves(32 * 32, 0.05), [32, 32]),
  ];
  const fn = (ids: Tensor) => {
    const rows = gather(table, ids as Tensor1D);
    const hidden = add(matMul(rows, right, false, true), bias);
    return add(matMul(hidden, shared), sum(mul(shared, 0.5)));
  };
  const ids = { data: Int32Array.of(3, 49, 0), shape: [3] };
  const feeds = { 'arguments[0]': new OnnxTensor('int32', ids.data, ids.shape) };

  it.each([
    ['float16', 0.6, 1e-3],
    ['int8', 0.5, 5e-2],
  ] as const)('%s: a smaller file, and the drift that is measured', async (weights, share, most) => {
    const step = jit(fn);
    const [whole, small] = [join(await folder, 'whole.onnx'), join(await folder, `${weights}.onnx`)];
    expect(await step.export(whole, ids)).not.toHaveProperty('drift');
    const { drift } = await step.export({ path: small, weights }, ids);
    expect((await stat(small)).size).toBeLessThan(share * (await stat(whole)).size);
    const [own, theirs] = [await result(whole, feeds), await result(small, feeds)];
    const largest = Math.max(...own.map(Math.abs));
    const difference = Math.max(...own.map((value, i) => Math.abs(value - theirs[i]!)));
    expect(drift!['result']!.maxDifference).toBeCloseTo(difference, 5);
    expect(difference).toBeGreaterThan(0);
    expect(difference / largest).toBeLessThan(most);
    expect(drift!['result']!.minCosine).toBeGreaterThan(1 - most);
    expect(drift!['result']!.minCosine).toBeLessThanOrEqual(1);
  });

  it('int8 by hand: a row of a table is 127 steps of its largest number', async () => {
    const rows = tensor(
      [...Array.from({ length: 64 }, (_, i) => (i === 0 ? 127 : i % 5)), ...Array.from({ length: 64 }, () => 0)],
      [2, 64],
    );
    const path = join(await folder, 'table.onnx');
    const { drift } = await jit((ids: Tensor) => gather(rows, ids as Tensor1D)).export(
      { path, weights: 'int8' },
      { data: Int32Array.of(0, 1), shape: [2] },
    );
    expect(drift!['result']).toEqual({ maxDifference: 0, minCosine: 1 });
  });

  it('int8 by hand: a product of whole numbers, columns up to 127, the other side from 0 to 255', async () => {
    const numbers = Float32Array.from({ length: 64 * 3 }, (_, i) => (i < 3 ? 127 : (i * 7) % 100)); // [64, 3]
    const right = tensor(numbers, [64, 3]);
    const left = { data: Float32Array.from({ length: 2 * 64 }, (_, i) => (i === 0 ? 255 : i % 11)), shape: [2, 64] };
    for (const fn of [(a: Tensor) => matMul(a, right), (a: Tensor) => matMul(a, transpose(right), false, true)]) {
      const { drift } = await jit(fn).export({ path: join(await folder, 'product.onnx'), weights: 'int8' }, left);
      expect(drift!['result']!.maxDifference).toBe(0);
    }
  });

  it('float16 refuses what it cannot hold', async () => {
    const large = tensor(waves(100, 1).map((x) => 1e6 * x));
    const options = { path: join(await folder, 'large.onnx'), weights: 'float16' } as const;
    await expect(jit((a: Tensor) => add(a, large)).export(options, { data: waves(100, 2), shape: [100] })).rejects.toThrow(
      /export: `weights` must hold every constant of the program, got \d+(\.\d+)? as float16/,
    );
  });

  it('refuses other names', async () => {
    const options = { path: 'none.onnx', weights: 'int4' as 'int8' };
    await expect(jit(fn).export(options, ids)).rejects.toThrow('export: `weights` must be float32, float16 or int8, got "int4"');
  });
});
