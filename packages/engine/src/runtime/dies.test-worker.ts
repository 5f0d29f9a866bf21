import { parentPort } from 'node:worker_threads';
import { workerOptions } from '@fsc-clip/core/worker';

const { at } = workerOptions<{ at: 'load' | 'request' }>();
if (at === 'load') throw new Error('no such library');
const end = () => process.exit(7);
if (parentPort) parentPort.on('message', end);
else process.on('message', end);
