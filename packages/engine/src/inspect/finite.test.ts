import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { jit } from '../index.js';

const host = (values: number[], shape = [values.length]) => ({ data: Float32Array.from(values), shape });

const refusal = async (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    (error: Error) => `${error.name}: ${error.message}`,
  );

describe('debug', () => {
  it('names the operation that first gave NaN, its inputs and its line', async () => {
    const step = jit(
      (x: tf.Tensor) => {
        const shifted = tf.sub(x, 2); // [[1], [-1]]
        const rooted = tf.tidy('norms', () => tf.sqrt(shifted));
        return tf.mean(tf.square(rooted));
      },
      { debug: true },
    );
    expect(await refusal(step(host([3, 1], [2, 1])))).toMatch(
      /^DataError: jit: `fn` must compute finite numbers \(debug: true\), got NaN at \[1, 0\] of Sqrt \[2, 1\] from x: float32 \[2, 1\] in -1 … 1, in norms, at .*finite\.test\.ts:\d+:\d+\. Keep/,
    );
    const ok = await step(host([3, 6], [2, 1]));
    expect(await ok.read()).toEqual(Float32Array.of(2.5)); // (1 + 4) / 2
  });

  it('finds it in a gradient too, and infinities', async () => {
    const norm = jit((x: tf.Tensor) => tf.grad((v: tf.Tensor) => tf.sqrt(tf.sum(tf.square(v))))(x), { debug: true });
    expect(await refusal(norm(host([0, 0])))).toMatch(
      /got NaN at \[.*\] of \w+ .*in backward, at|got Infinity at \[.*\] of \w+ .*in backward, at/,
    );
    const logarithm = jit((x: tf.Tensor) => tf.where(tf.greater(x, 0), tf.log(x), 0), { debug: true });
    expect(await refusal(logarithm(host([1, 0])))).toMatch(/got -Infinity at \[1\] of Log \[2\] from x: float32 \[2\] in 0 … 1/);
  });

  it('lets an infinity be that was written down, and refuses what it makes', async () => {
    const masked = jit(
      (x: tf.Tensor, mask: tf.Tensor) => tf.softmax(tf.add(tf.where(tf.greater(x, 0), x, tf.fill([2], -Infinity)), mask)),
      {
        debug: true,
      },
    );
    expect(await (await masked(host([1, -1]), host([0, -Infinity]))).read()).toEqual(Float32Array.of(1, 0));
    const difference = jit((x: tf.Tensor) => tf.sub(x, x), { debug: true });
    expect(await refusal(difference(host([Infinity])))).toContain('got NaN at [0] of Sub [1] from a: float32 [1] in Infinity … Infinity');
  });

  it('names an argument with NaN, and a captured tensor', async () => {
    const twice = jit(({ x }: { x: tf.Tensor }) => tf.mul(x, 2), { debug: true });
    expect(await refusal(twice({ x: host([1, 2, Number.NaN, 4], [2, 2]) }))).toContain(
      'DataError: jit: `arguments[0].x` must hold no NaN (debug: true), got one at [1, 0] of [2, 2]',
    );
    const broken = tf.tensor1d([Number.NaN]);
    const captured = jit((x: tf.Tensor) => tf.add(x, broken), { debug: true });
    expect(await refusal(captured(host([1])))).toContain('of Add [1] from a: float32 [1] in 1 … 1, b: float32 [1] in NaN … NaN');
    broken.dispose();
  });

  it('takes arrays of a device, and leaves nothing behind', async () => {
    const double = jit((x: tf.Tensor) => tf.mul(x, 2));
    const onDevice = await double(host([-1]));
    const before = { tensors: tf.memory().numTensors, own: Object.hasOwn(tf.engine(), 'runKernel') };
    const root = jit((x: tf.Tensor, y: tf.Tensor) => tf.sqrt(tf.add(x, y)), { debug: true, device: 'webgpu' });
    const rooted = await root(onDevice, host([6]));
    expect(await rooted.read()).toEqual(Float32Array.of(2)); // -2 + 6
    expect(await refusal(root(onDevice, 1.5))).toContain('got NaN');
    expect(tf.memory().numTensors).toBe(before.tensors + 1); // the result of the first call
    expect(Object.hasOwn(tf.engine(), 'runKernel')).toBe(before.own);
    expect(before.own).toBe(false);
    await double.dispose();
  });
});
