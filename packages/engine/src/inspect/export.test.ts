import '@tensorflow/tfjs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  add,
  argMax,
  concat,
  div,
  matMul,
  pad,
  range,
  reshape,
  sum,
  type Tensor,
  type Tensor2D,
  tensor,
  zeros,
} from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node';
import { afterAll, describe, expect, it } from 'vitest';
import { jit } from '../jit.js';

const folder = mkdtemp(join(tmpdir(), 'fsc-clip-free-'));
afterAll(async () => rm(await folder, { recursive: true }));

const numbers = (count: number, by = 7) => Float32Array.from({ length: count }, (_, i) => ((i * by) % 11) - 5);
const host = (...shape: number[]) => ({ data: numbers(shape.reduce((a, b) => a * b, 1)), shape });
const feed = ({ data, shape }: { data: Float32Array; shape: number[] }) => new OnnxTensor('float32', data, shape);

/** Runs a model file. */
async function run(path: string, feeds: InferenceSession.OnnxValueMapType): Promise<InferenceSession.OnnxValueMapType> {
  const session = await InferenceSession.create(path, { logSeverityLevel: 3 });
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

describe('sizes left open', () => {
  it('gives the function’s numbers at any of them: reshapes, zeros, counts and padding that depend on two sizes', async () => {
    const weight = tensor(numbers(5 * 4), [5, 4]);
    const fn = (a: Tensor, b: Tensor) => {
      const [rows, length] = a.shape as [number, number];
      const padded = pad(a as Tensor2D, [
        [0, 0],
        [0, 5 - length],
      ]); // [rows, 5]
      const first = add(zeros([rows, 1, 4]), sum(b)); // [rows, 1, 4]
      const sequence = concat([first, reshape(matMul(padded, weight), [rows, 1, 4])], 1); // [rows, 2, 4]
      const ends = add(argMax(padded, 1), range(3, 3 + rows * 4, 4, 'int32')); // [rows]
      return { flat: reshape(sequence, [rows * 2, 4]), ends, scores: matMul(padded, reshape(b, [5, b.size / 5])) };
    };
    const step = jit(fn);
    const path = join(await folder, 'free.onnx');
    const dynamicAxes = { 'arguments[0]': { 0: 'rows', 1: 'length' }, 'arguments[1]': { 1: 'others' } };
    const names = { 'arguments[0]': 'a', 'arguments[1]': 'b', 'result.flat': 'flat', 'result.ends': 'ends', 'result.scores': 'scores' };
    const exported = await step.export({ path, names, dynamicAxes }, host(3, 2), host(5, 2));
    expect(exported).toEqual({ inputs: ['a', 'b'], outputs: ['flat', 'ends', 'scores'], files: [path] });
    for (const [rows, length, others] of [
      [1, 5, 1],
      [3, 2, 2],
      [7, 1, 4],
    ] as const) {
      const [a, b] = [host(rows, length), host(5, others)];
      const results = await run(path, { a: feed(a), b: feed(b) });
      const own = await step(a, b);
      for (const name of ['flat', 'ends', 'scores'] as const) {
        expect(results[name]!.dims).toEqual(own[name].shape);
        expect(results[name]!.data).toEqual(await own[name].read());
      }
    }
    const session = await InferenceSession.create(path);
    const { inputMetadata, outputMetadata } = session;
    expect([...inputMetadata, ...outputMetadata].map((value) => value.isTensor && value.shape)).toEqual([
      ['rows', 'length'],
      [5, 'others'],
      ['2*rows', 4],
      ['rows'],
      ['rows', 'others'],
    ]);
    await session.release();
    await step.dispose();
  });

  it('takes integers as int64', async () => {
    const step = jit((a: Tensor) => add(a, tensor([1, 2], [2], 'int32')));
    const path = join(await folder, 'integers.onnx');
    await step.export({ path, integers: 'int64' }, { data: Int32Array.of(5, 6), shape: [2] });
    const { result } = await run(path, { 'arguments[0]': new OnnxTensor('int64', BigInt64Array.of(7n, -9n), [2]) });
    expect(result!.data).toEqual(Int32Array.of(8, -7));
  });

  it('refuses what depends on a size in another way, with the line', async () => {
    const mean = jit((a: Tensor) => div(sum(a), a.shape[0]!));
    const path = join(await folder, 'refused.onnx');
    await expect(mean.export({ path, dynamicAxes: { 'arguments[0]': { 0: 'rows' } } }, host(3, 2))).rejects.toThrow(
      /export: `dynamicAxes` can leave a size open only where shapes and constants grow with it evenly, got \w+ at .*export\.test\.ts:\d+/,
    );
    const squared = jit((a: Tensor) => zeros([a.shape[0]! ** 2]));
    await expect(squared.export({ path, dynamicAxes: { 'arguments[0]': { 0: 'rows' } } }, host(3, 2))).rejects.toThrow(
      /grow with it evenly/,
    );
  });

  it.each([
    [{ 'arguments[1]': { 0: 'rows' } }, 'must name arguments: arguments[0], got arguments[1]'],
    [{ 'arguments[0]': { 2: 'rows' } }, 'must name axes that the arguments have, got axis 2 of arguments[0] [3, 1]'],
    [{ 'arguments[0]': { 1: 'rows' } }, 'must be shown at sizes of at least 2, got axis 1 of arguments[0] [3, 1]'],
  ])('refuses %o', async (dynamicAxes, message) => {
    const step = jit((a: Tensor) => sum(a));
    await expect(step.export({ path: join(await folder, 'none.onnx'), dynamicAxes }, host(3, 1))).rejects.toThrow(message);
  });

  it('refuses a name for a place that is none', async () => {
    const options = { path: join(await folder, 'none.onnx'), names: { 'result.a': 'a' } };
    await expect(jit((a: Tensor) => sum(a)).export(options, host(2))).rejects.toThrow(
      'export: `names` must name places: arguments[0], result, got result.a',
    );
  });
});
