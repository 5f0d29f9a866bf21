import '@tensorflow/tfjs';
import { createKey, type HostArray, randomStream } from '@fsc-clip/core';
import { adamW, valueAndGrads } from '@fsc-clip/core/tensor';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type DeviceArray, jit, toDevice } from '../../index.js';
import type { DType } from '../../types.js';
import type { Feed } from './driver.js';
import { specOf } from './spec.fixture.js';
import { createWebgpuDriver } from './webgpu-driver.js';

type T = tf.Tensor;

const random = randomStream(createKey(3));
const normal = (...shape: number[]): HostArray<Float32Array> => ({
  data: Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()),
  shape,
});
const numbers = async (array: DeviceArray) => [...(await array.read())];

const optimizer = adamW({ weightDecay: 0.1 });
const loss = ({ w, u }: Record<string, T>, x: T) => tf.mean(tf.square(tf.matMul(tf.tanh(tf.matMul(x, w!)), u!))) as tf.Scalar;
const train = ({ params, adam }: { params: Record<string, T>; adam: ReturnType<typeof optimizer.init> }, x: T) => {
  const { value, grads } = valueAndGrads((p) => loss(p, x))(params);
  const next = optimizer.update(grads, adam, params, { learningRate: 0.1 });
  return { value, state: { params: next.params, adam: next.state } };
};
const zeros = (...shape: number[]) => ({ data: new Float32Array(tf.util.sizeFromShape(shape)), shape });
const moments = () => ({ w: zeros(4, 6), u: zeros(6, 2) });
const start = { params: { w: normal(4, 6), u: normal(6, 2) }, adam: { step: 0, expAvg: moments(), expAvgSq: moments() } };
const batches = Array.from({ length: 20 }, () => normal(5, 4));

/** Losses of 20 steps, then the weights. */
async function trained(options: Parameters<typeof jit>[1]): Promise<number[]> {
  const step = jit(train, options);
  let state: Parameters<typeof step>[0] = start;
  const seen: number[] = [];
  for (const batch of batches) {
    const result = await step(state, batch);
    seen.push(...(await numbers(result.value)));
    result.value.dispose();
    state = result.state;
  }
  for (const array of Object.values(state.params)) seen.push(...(await numbers(array as DeviceArray)));
  await step.dispose();
  return seen;
}

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  for (const [i, number] of expected.entries()) expect(Math.abs(actual[i]! - number) / scale).toBeLessThan(1e-4);
}

describe('webgpu: state in buffers of the GPU', () => {
  it('equals cpu over 20 steps, and itself with and without donation, to the bit', async () => {
    const donated = await trained({ device: 'webgpu', donate: [0] });
    expectClose(donated, await trained({ device: 'cpu', donate: [0] }));
    expect(donated).toEqual(await trained({ device: 'webgpu' }));
  });

  it('every result is in such a buffer, whatever its type and whoever computes it, and can be read twice', async () => {
    const driver = createWebgpuDriver();
    const x = normal(3, 4);
    const fn = (v: T) => [
      tf.mul(v, 2),
      tf.sum(v),
      tf.argMax(v, 1),
      tf.greater(v, 0),
      tf.cumsum(v, 1),
      tf.cast(tf.mul(v, 10), 'int32'),
      tf.topk(v, 2).values, // by the CPU provider
      tf.slice(v, [0, 0], [0, 4]),
      v,
    ];
    const expected = tf.tidy(() => fn(tf.tensor(x.data, [3, 4])).map((t) => ({ dtype: t.dtype, data: [...t.dataSync()] })));
    const { program: spec, inputs } = await specOf(fn as never, [x]);
    const program = await driver.open(spec);
    const feeds = new Map<string, Feed<never>>([[inputs[0]!.name, { numbers: { ...x, dtype: 'float32' as DType } }]]);
    const results = await program.run(feeds);
    for (const [i, { dtype, data }] of expected.entries()) {
      const result = results[i]!;
      expect([result.type, result.size]).toEqual([dtype, data.length]);
      if (data.length > 0) expect(result.location).toBe('gpu-buffer');
      for (let again = 0; again < 2; again++) expectClose([...(await driver.read(result))], data.length > 0 ? data : []);
    }
    for (const result of results) driver.free(result);
    await program.release();
  });

  it('is there before a first program, by toDevice, and trains to the same numbers', async () => {
    const step = jit(train, { device: 'webgpu', donate: [0] });
    const place = (): Promise<Parameters<typeof step>[0]> =>
      toDevice({ ...start, adam: { ...start.adam, step: zeros() } }, { device: 'webgpu' });
    const placed = await place();
    expect(await numbers(placed.params['w'] as DeviceArray)).toEqual([...start.params.w.data]);
    const seen: number[] = [];
    for (let [state, i] = [placed, 0]; i < 2; i++) {
      const result = await step(state, batches[i]!);
      seen.push(...(await numbers(result.value)));
      state = result.state;
    }
    expectClose(seen, (await trained({ device: 'webgpu' })).slice(0, 2));
    await expect((placed.params['w'] as DeviceArray).read()).rejects.toThrow('donated');
    await step.dispose();
  });

  it.each([Float32Array.of(1, -0), Int32Array.of(-1, 7), Uint8Array.of(1, 0)])('takes numbers of every type: %s', async (data) => {
    const array = await toDevice({ data, shape: [data.length] }, { device: 'webgpu' });
    expect(await array.read()).toEqual(data);
    array.dispose();
  });

  it('goes from program to program, outlives both, and a failed run consumes nothing', async () => {
    const double = jit((v: T, rows: T) => ({ v: tf.mul(v, 2), picked: tf.gather(tf.range(0, 3), rows) }), {
      device: 'webgpu',
      donate: [0],
    });
    const next = jit((v: T) => tf.add(v, 1), { device: 'webgpu', donate: [0] });
    const rows = { data: Int32Array.of(0, 2), shape: [2] };
    const first = await double({ data: Float32Array.of(1, 2, 3), shape: [3] }, rows);
    const second = await next(first.v);
    await expect(next(first.v)).rejects.toThrow('donated');
    const third = await double(second, rows);
    await Promise.all([double.dispose(), next.dispose()]);
    expect(await numbers(third.v)).toEqual([6, 10, 14]);
    expect(await numbers(third.picked)).toEqual([0, 2]);
    third.v.dispose();
    await expect(third.v.read()).rejects.toThrow('disposed');
  });

  it('lets go of what a step replaced', async () => {
    const step = jit((v: T, x: T) => ({ v: tf.add(tf.mul(v, 0.5), x), total: tf.sum(v) }), { device: 'webgpu', donate: [0] });
    const x = normal(1, 320);
    let { v } = await step(normal(320, 320), x);
    const run = async (steps: number) => {
      for (let i = 0; i < steps; i++) {
        const result = await step(v, x);
        result.total.dispose();
        v = result.v;
      }
      return process.memoryUsage.rss();
    };
    const before = await run(500);
    expect((await run(1500)) - before).toBeLessThan(60e6); // 410 kB a step, never freed, were 610 MB
    expect((await numbers(v)).every(Number.isFinite)).toBe(true);
    await step.dispose();
  });
});
