import { matMul, sum, type Tensor } from '@tensorflow/tfjs-core';
import { type Isolation, jit } from '../index.js';
import { deviceWorker } from './device-worker.js';

// A user's program that ends in one of several ways, with arrays alive and (unless it ends by itself) a run under way.

const [isolate, way] = process.argv.slice(2) as [Isolation, 'by itself' | 'exit' | 'signal'];
const f = jit((a: Tensor) => sum(Array.from({ length: 16 }).reduce<Tensor>((product) => matMul(product, a), a)), { isolate });
const size = way === 'by itself' ? 8 : 800;
const a = { data: new Float32Array(size * size), shape: [size, size] };
const kept = [await f(a)];
if (way !== 'by itself') {
  f(a).then((array) => kept.push(array));
  await new Promise((resolve) => setTimeout(resolve, 50)); // the run has begun
}
console.log(deviceWorker('cpu', isolate).channel.worker);
if (way === 'exit') process.exit(3);
