import { parentPort } from 'node:worker_threads';
import { createKey } from '@fsc-clip/core';
import { workerOptions } from './worker-options.js';

parentPort!.postMessage({ options: workerOptions(), key: createKey(5) });
