import '@tensorflow/tfjs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { mul, type Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { openProgram } from '../../program.js';
import type { Isolation } from '../../types.js';
import { DeviceWorker } from '../device-worker.js';
import type { WorkerArray } from '../worker-array.js';
import { specOf } from './spec.fixture.js';

const start = (isolate: Isolation) =>
  new DeviceWorker('cpu', isolate, { from: import.meta.url, file: './io-binding.test-worker', data: {} });
const argument = (from: WorkerArray | Float32Array) => [{ path: '', shape: [2], dtype: 'float32' as const, from }];

describe.each<Isolation>(['thread', 'process'])('in a %s', (isolate) => {
  it('runs, flushes denormals, donates, fails with its text, ends', async () => {
    const worker = start(isolate);
    const spec = await specOf(((v: Tensor) => mul(v, 1e-20)) as never, [{ data: new Float32Array(2), shape: [2] }]);
    const program = await openProgram(worker, spec);
    const first = (await program.run(argument(Float32Array.of(3, 1e-20)), new Set())) as WorkerArray;
    expect(await first.read()).toEqual(Float32Array.of(3e-20, 0));
    const second = (await program.run(argument(first), new Set([first]))) as WorkerArray;
    expect(() => first.check('read', 'first')).toThrow('donated');
    await program.release();
    expect(await second.read()).toEqual(Float32Array.of(0, 0));
    const { model: _, ...rest } = spec.program;
    await expect(openProgram(worker, { ...spec, program: { ...rest, model: Uint8Array.of(9) } })).rejects.toThrow(/protobuf/i);
    worker.channel.close();
  });
});

it.each(['by itself', 'by process.exit'])('a program that ends %s with arrays and a session alive ends cleanly', async (way) => {
  const program = fileURLToPath(new URL('./io-binding-ends.test-program.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=source', '--import=tsx', program, way], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [errors, [code, signal]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect([code, signal, errors]).toEqual([way === 'by itself' ? 0 : 3, null, '']);
});
