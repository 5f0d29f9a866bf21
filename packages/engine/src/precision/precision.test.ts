import '@tensorflow/tfjs';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceError, OptionError } from '@fsc-clip/core';
import * as tf from '@tensorflow/tfjs-core';
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { type DeviceArray, jit, probe } from '../index.js';
import { hintFor } from '../runtime/failure-hint.js';

type T = tf.Tensor;
const host = (shape: number[], ...data: number[]) => ({ data: Float32Array.from(data), shape });
const numbers = async (array: DeviceArray) => [...(await array.read())];

describe('precision', () => {
  it("'fp16' on the cpu rounds what is multiplied, and gives float32", async () => {
    const product = jit((x: T, w: T) => tf.add(tf.matMul(x, w), 2 ** -20), { precision: 'fp16' });
    const exact = jit((x: T, w: T) => tf.add(tf.matMul(x, w), 2 ** -20));
    const args = [host([1, 2], 1 + 2 ** -12, 3), host([2, 1], 1, 2 ** -10)] as const;
    const result = await product(...args);
    expect(result.dtype).toBe('float32');
    // 1 + 2⁻¹² is 1 in float16; 1 + 3·2⁻¹⁰ has all its digits; the sum behind it is float32's
    expect(await numbers(result)).toEqual([1 + 3 * 2 ** -10 + 2 ** -20]);
    expect(await numbers(await exact(...args))).toEqual([Math.fround(1 + 2 ** -12 + 3 * 2 ** -10 + 2 ** -20)]);
    await Promise.all([product.dispose(), exact.dispose()]);
  });

  it('beyond 65504 a product is infinite, unless it stands in the scope `float32`', async () => {
    const square = (x: T) => tf.matMul(x, x);
    const products = jit((x: T) => ({ half: square(x), whole: tf.tidy('float32', () => square(tf.add(x, 150))) }), { precision: 'fp16' });
    const { half, whole } = await products(host([1, 1], 300));
    expect([...(await numbers(half)), ...(await numbers(whole))]).toEqual([Number.POSITIVE_INFINITY, 202500]);
    await products.dispose();
  });

  it('holds for probes, profiles and exports', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'precision-'));
    const fn = jit((x: T, w: T) => tf.relu(probe('product', tf.matMul(x, w))), { precision: 'fp16' });
    const args = [host([1, 1], 1 + 2 ** -12), host([1, 1], 2)] as const;
    expect(await fn.probes(...args)).toEqual({ product: { data: Float32Array.of(2), shape: [1, 1] } });
    expect((await fn.profile(...args)).nodes.map(({ operator }) => operator)).toContain('Cast');
    const { files, inputs, outputs } = await fn.export(join(folder, 'half.onnx'), ...args);
    const session = await InferenceSession.create(files[0]!);
    expect([session.inputNames, session.outputNames]).toEqual([inputs, outputs]);
    await session.release();
    await fn.dispose();
    rmSync(folder, { recursive: true });
  });

  it('is refused at once where the device lacks it', () => {
    const identity = (x: T) => x;
    expect(() => jit(identity, { precision: 'bf16' })).toThrow(
      "jit: `precision` must be fp32 or fp16 on device 'cpu', got 'bf16': onnxruntime's CPU provider has no matrix product in bfloat16. Take 'fp32'",
    );
    expect(() => jit(identity, { device: 'webgpu', precision: 'bf16' })).toThrow(DeviceError);
    expect(() => jit(identity, { device: 'eager', precision: 'fp16' })).toThrow(DeviceError);
    expect(() => jit(identity, { precision: 'toString' as 'fp16' })).toThrow(OptionError);
    for (const precision of ['fp32', 'fp16', 'bf16'] as const) expect(() => jit(identity, { device: 'cuda', precision })).not.toThrow();
    expect(hintFor('Program Cast requires f16 but the device does not support it.')).toContain("take precision 'fp32'");
  });
});
