import { parentPort } from 'node:worker_threads';
import { createKey } from '@fsc-clip/core';
import { workerOptions } from './worker-options.js';

const message = { options: workerOptions(), key: createKey(5), data: Float32Array.of(1, 2) };
if (parentPort) parentPort.postMessage(message);
else process.send!(message);
