import '@tensorflow/tfjs';
import { matMul, sum, type Tensor } from '@tensorflow/tfjs-core';
import { openProgram } from '../../program.js';
import { DeviceWorker } from '../device-worker.js';
import { specOf } from './spec.fixture.js';

// A program with a session of the C API in a thread, which ends by itself, or in the middle of a run.

const [way, size] = [process.argv[2], 800];
const a = { data: new Float32Array(size * size), shape: [size, size] };
const chain = (v: Tensor) => sum(Array.from({ length: 16 }).reduce<Tensor>((product) => matMul(product, v), v));
const worker = new DeviceWorker('cpu', 'thread', { from: import.meta.url, file: './io-binding.test-worker', data: {} });
const program = await openProgram(worker, await specOf(chain as never, [a]));
const run = () => program.run([{ path: '', dtype: 'float32', shape: a.shape, from: a.data }], new Set());
await run();
if (way === 'by process.exit') {
  run();
  await new Promise((resolve) => setTimeout(resolve, 50)); // it has begun
  process.exit(3);
}
