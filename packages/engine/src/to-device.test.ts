import '@tensorflow/tfjs';
import { add, mul, ones, sub, type Tensor, tensor1d, zeros } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { jit, toDevice } from './index.js';
import { deviceWorker } from './runtime/device-worker.js';
import type { Isolation } from './types.js';

const descend = (state: { w: Tensor; moments: Tensor[] }, gradient: Tensor) => {
  const moment = add(mul(state.moments[0]!, 0.5), gradient);
  return { w: sub(state.w, moment), moments: [moment] };
};
const gradient = { data: Float32Array.of(1, 2), shape: [2] };

describe.each<Isolation>(['thread', 'process'])('toDevice (%s)', (isolate) => {
  it('makes state that a compiled function takes and consumes, and leaves what it copied to its owner', async () => {
    const step = jit(descend, { donate: [0], isolate });
    const w = tensor1d([10, 20]);
    const placed = await toDevice({ w, moments: [zeros([2])] }, { isolate });
    w.dispose();
    const first = await step(placed, gradient);
    const second = await step(first, gradient);
    expect([...(await second.w.read())]).toEqual([10 - 1 - 1.5, 20 - 2 - 3]);
    await expect(placed.w.read()).rejects.toThrow('must be a live array');
    await step.dispose();
  });

  it('takes arrays of every type, large ones and empty ones', async () => {
    const arrays = [
      Float32Array.of(-0, Number.NaN),
      new Float32Array(2 ** 19).fill(2),
      Int32Array.of(-1),
      Uint8Array.of(0, 1),
      new Float32Array(),
    ];
    for (const data of arrays) {
      const array = await toDevice({ data, shape: [data.length] }, { isolate });
      expect(array.shape).toEqual([data.length]);
      expect(await array.read()).toEqual(data);
      array.dispose();
    }
  });
});

describe('toDevice', () => {
  it('keeps what is there and what is no array', async () => {
    const array = await toDevice(ones([1]));
    const tree = await toDevice({ array, step: 3, list: [null, true] });
    expect(tree).toEqual({ array, step: 3, list: [null, true] });
    expect(tree.array).toBe(array);
  });

  it('is tensors of the current backend on `eager`', async () => {
    const [given, step] = [ones([2]), jit(descend, { device: 'eager', donate: [0] })];
    const placed = await toDevice({ w: given, moments: [{ data: new Float32Array(2), shape: [2] }] }, { device: 'eager' });
    const result = await step(placed, gradient);
    expect([...(await result.w.read())]).toEqual([0, -1]);
    expect(given.isDisposed).toBe(false);
  });

  it('leaves an array whole when the run that moved it fails', async () => {
    const placed = await toDevice({ w: ones([2]), moments: [zeros([2])] });
    const worker = deviceWorker('cpu', 'thread');
    const step = jit(descend, { donate: [0] });
    await step.compile(placed, gradient);
    const send = worker.send.bind(worker);
    // The worker is told another shape for the gradient than the program was made for: onnxruntime refuses, after the state has moved.
    worker.send = (request, transfer) => {
      if (request.kind !== 'run') return send(request, transfer);
      const inputs = request.inputs.map((input) => ('data' in input ? { ...input, data: new Float32Array(3), shape: [3] } : input));
      return send({ ...request, inputs });
    };
    await expect(step(placed, gradient)).rejects.toThrow('must carry out the program');
    worker.send = send;
    expect([...(await placed.w.read())]).toEqual([1, 1]);
    expect([...(await (await step(placed, gradient)).w.read())]).toEqual([0, -1]);
  });

  it('says what it cannot take', async () => {
    await expect(toDevice({ w: new Float32Array(2) })).rejects.toThrow('toDevice: `tree.w` must be a tree');
    await expect(toDevice({ data: new Float32Array(2), shape: [3] })).rejects.toThrow('toDevice: `tree` must be { data');
    await expect(toDevice(1, { device: 'gpu' as never })).rejects.toThrow(
      'toDevice: `device` must be one of cpu, webgpu, cuda, eager, got gpu',
    );
    const elsewhere = await toDevice(ones([1]), { isolate: 'process' });
    await expect(toDevice([elsewhere])).rejects.toThrow(
      'toDevice: `tree[0]` must be on cpu, or in this thread, got an array on cpu in a process',
    );
    elsewhere.dispose();
    await expect(toDevice(elsewhere, { isolate: 'process' })).rejects.toThrow('toDevice: `tree` must be a live array');
  });
});
