export type { StartWorkerOptions } from './start-worker.js';
export { startWorker } from './start-worker.js';
export { workerOptions } from './worker-options.js';
