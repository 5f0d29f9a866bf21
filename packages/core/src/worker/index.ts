export type { StartProcessOptions } from './start-process.js';
export { startProcess } from './start-process.js';
export type { StartWorkerOptions } from './start-worker.js';
export { startWorker } from './start-worker.js';
export { workerOptions } from './worker-options.js';
