import { workerData } from 'node:worker_threads';

/** Inside a worker made by `startWorker` or `startProcess`: the `data` that it was started with. */
export function workerOptions<Options>(): Options {
  const { options } = workerData ?? JSON.parse(process.argv[2]!);
  return options as Options;
}
