import { workerData } from 'node:worker_threads';

/** Inside a worker made by `startWorker`: the `data` that it was started with. */
export function workerOptions<Options>(): Options {
  return (workerData as { options: Options }).options;
}
