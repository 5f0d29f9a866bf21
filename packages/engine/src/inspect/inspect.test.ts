import '@tensorflow/tfjs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { grad, matMul, memory, mul, relu, type Scalar, sum, type Tensor, tensor, tidy, transpose } from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { type Compiled, type Device, type JitOptions, jit, probe } from '../index.js';
import { trace } from '../trace/trace.js';
import { exportProgram } from './export.js';

const owned: { dispose(): Promise<void> }[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const compiled of owned.splice(0)) await compiled.dispose();
});

function compile<Args extends unknown[], Result>(fn: (...args: Args) => Result, options?: JitOptions): Compiled<Args, Result> {
  const compiled = jit(fn, options);
  owned.push(compiled);
  return compiled;
}

const host = (values: number[], shape = [values.length]) => ({ data: Float32Array.from(values), shape });
const x = host([1, -2, 3, 4], [2, 2]);
const w = host([1, 0, 0, -1], [2, 2]);

const network = (input: Tensor, weights: Tensor) => {
  const hidden = tidy('encoder', () => probe('hidden', relu(matMul(input, weights))));
  return { loss: sum(probe('scaled', mul(hidden, 2))) };
};

describe('probes', () => {
  it.each<Device>(['cpu', 'eager'])('gives the numbers of every named tensor (%s)', async (device) => {
    const step = compile(network, { device, donate: [0] });
    const before = memory().numTensors;
    const probes = await step.probes(x, w);
    expect(memory().numTensors).toBe(before);
    expect(Object.keys(probes)).toEqual(['hidden', 'scaled']);
    expect(probes['hidden']).toEqual({ data: Float32Array.of(1, 2, 3, 0), shape: [2, 2] }); // 1 -2 3 4 times diag(1, -1), no negatives
    expect(probes['scaled']).toEqual({ data: Float32Array.of(2, 4, 6, 0), shape: [2, 2] });
  });

  it('consumes nothing, and changes nothing in a plain call', async () => {
    const step = compile(network, { donate: [0] });
    const twice = compile((a: Tensor) => mul(a, 2));
    const input = await twice(x);
    await step.probes(input, w);
    expect([...(await input.read())]).toEqual([2, -4, 6, 8]);
    expect(await (await step(input, w)).loss.read()).toEqual(Float32Array.of(24));
    const free = tensor([1]);
    expect(probe('free', free)).toBe(free);
    free.dispose();
  });

  it('numbers a name that it meets again, also inside a gradient', async () => {
    const square = (a: Tensor) => probe('square', mul(a, a));
    const step = compile((a: Tensor) => ({ once: sum(square(a)), slope: grad((v: Tensor) => sum(square(mul(v, 3))))(a) }));
    const probes = await step.probes(host([1, 2]));
    expect(probes).toEqual({ square: host([1, 4]), 'square#2': host([9, 36]) });
  });

  it('says when there is none, or no name', async () => {
    await expect(compile((a: Tensor) => mul(a, 2)).probes(x)).rejects.toThrow('probes: `fn` must name a tensor by probe(name, tensor)');
    await expect(compile((a: Tensor) => probe('', a)).probes(x)).rejects.toThrow('probe: `name` must be a text, got ""');
  });
});

describe('profile', () => {
  it('gives the time of every node, by kernel, scope and line', async () => {
    const scratch = await mkdtemp(join(tmpdir(), 'fsc-clip-test-'));
    vi.stubEnv('TMPDIR', scratch);
    const step = compile((input: Tensor, weights: Tensor) => grad((v: Tensor) => network(input, v).loss as Scalar)(weights), {
      donate: [0, 1],
    });
    const { nodes, byKernel, byScope, byLine, runMs, table } = await step.profile(x, w);
    const matMuls = nodes.filter(({ kernel }) => kernel === 'BatchMatMul');
    expect(matMuls.map(({ operator }) => operator)).toEqual(['Gemm', 'Gemm']); // of the function and of its gradient
    expect(matMuls.map(({ scope }) => scope.split('/'))).toEqual([expect.arrayContaining(['forward', 'encoder']), ['backward']]);
    for (const { line } of matMuls) expect(line).toMatch(/inspect\.test\.ts:\d+:\d+$/);
    for (const rows of [byKernel, byScope, byLine]) {
      expect(rows.reduce((sum, row) => sum + row.nodes, 0)).toBe(nodes.length);
      expect(rows.reduce((sum, row) => sum + row.share, 0)).toBeCloseTo(1);
      expect(rows.map(({ ms }) => ms)).toEqual(rows.map(({ ms }) => ms).toSorted((a, b) => b - a));
    }
    expect(runMs).toBeGreaterThan(0);
    expect(table).toMatch(/share {2}nodes {2}kernel\n.*BatchMatMul/s);
    expect(await readdir(scratch)).toEqual([]);
    await rm(scratch, { recursive: true });
  });

  it('is refused where nothing is compiled', async () => {
    await expect(compile(network, { device: 'eager' }).profile(x, w)).rejects.toThrow(
      'must be one that compiles: cpu, webgpu, cuda, got eager',
    );
  });
});

describe('export', () => {
  const folder = mkdtemp(join(tmpdir(), 'fsc-clip-export-'));
  afterAll(async () => rm(await folder, { recursive: true }));

  // A batched product with a transposed side is onnxruntime's own operator in a session.
  const weights = Float32Array.from({ length: 6000 }, (_, i) => (i % 7) - 3);
  const similarity = (a: Tensor) => ({ scores: matMul(a, transpose(a, [0, 2, 1])), seen: sum(a) });
  const input = host([1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]);

  it('writes a program that onnxruntime runs, by the names of the function', async () => {
    const path = join(await folder, 'similarity.onnx');
    const step = compile(similarity);
    const exported = await step.export(path, input);
    expect(exported).toEqual({ inputs: ['arguments[0]'], outputs: ['result.scores', 'result.seen'], files: [path] });
    expect(await readdir(await folder)).toEqual(['similarity.onnx']);
    expect((await readFile(path)).includes('com.microsoft')).toBe(false);
    const session = await InferenceSession.create(path);
    const results = await session.run({ 'arguments[0]': new OnnxTensor('float32', input.data, input.shape) });
    const compiled = await step(input);
    expect(results['result.scores']!.data).toEqual(await compiled.scores.read());
    expect(results['result.seen']!.data).toEqual(Float32Array.of(36));
    await session.release();
  });

  it('writes constants beside the model when they are too many for it', async () => {
    const [frozen, more] = [tensor(weights, [2, 3000]), tensor(weights.slice(1), [5999])];
    const fn = (a: Tensor) => [matMul(a, frozen), sum(mul(more, 2))];
    const tree = { kind: 'list', items: [{ kind: 'leaf' }] } as const;
    const leaves = [{ path: 'arguments[0]', shape: [1, 2], dtype: 'float32', from: new Float32Array(2) }] as const;
    const path = join(await folder, 'large.onnx');
    const { graph, paths } = await trace(fn, { tree, leaves });
    const { files } = await exportProgram(path, { graph, names: { inputs: ['arguments[0]'], outputs: paths } }, 40_000);
    expect(files).toEqual([path, `${path}.data`]);
    expect((await readFile(path)).byteLength).toBeLessThan(2000);
    const session = await InferenceSession.create(path);
    const results = await session.run({ 'arguments[0]': new OnnxTensor('float32', Float32Array.of(1, 10), [1, 2]) });
    expect(results['result[0]']!.data[5]).toBe(weights[5]! + 10 * weights[3005]!);
    expect(results['result[1]']!.data[0]).toBe(weights.slice(1).reduce((total, value) => total + 2 * value, 0));
    await session.release();
  });

  it('refuses a path that is none', async () => {
    await expect(compile(similarity).export('', input)).rejects.toThrow('export: `path` must be the path of a file, got ""');
  });
});
