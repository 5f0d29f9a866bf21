import { matMul, sum, type Tensor } from '@tensorflow/tfjs-core';
import { jit } from '../index.js';
import { deviceWorker } from './device-worker.js';

// A user's program with a session in a thread and one in a process, both with arrays alive. It ends by itself, or with runs under way.

const way = process.argv[2] as 'by itself' | 'by process.exit' | 'signal';
const chain = (a: Tensor) => sum(Array.from({ length: 16 }).reduce<Tensor>((product) => matMul(product, a), a));
const functions = [jit(chain), jit(chain, { isolate: 'process' })];
const size = way === 'by itself' ? 8 : 800;
const a = { data: new Float32Array(size * size), shape: [size, size] };
const kept = await Promise.all(functions.map((f) => f(a)));
if (way !== 'by itself') {
  for (const f of functions) f(a).then((array) => kept.push(array));
  await new Promise((resolve) => setTimeout(resolve, 50)); // the runs have begun
}
console.log(deviceWorker('cpu', 'process').channel.worker);
if (way === 'by process.exit') process.exit(3);
