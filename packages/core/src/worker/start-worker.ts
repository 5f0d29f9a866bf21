import { type TransferListItem, Worker } from 'node:worker_threads';

/** Options of `startWorker`. */
export interface StartWorkerOptions {
  /** Structured-cloned to the worker: read it there by `workerOptions()`. */
  readonly data?: unknown;
  readonly transferList?: readonly TransferListItem[];
  /** Shown in debuggers and profiles. */
  readonly name?: string;
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * Starts a worker thread, from source (`.ts`, through tsx) and from compiled packages (`.js`) alike.
 *
 * @param from - `import.meta.url` of the caller
 * @param file - the worker's file beside the caller, without ending: `./session-worker`
 */
export function startWorker(from: string, file: string, options: StartWorkerOptions = {}): Worker {
  const ending = from.endsWith('.ts') ? '.ts' : '.js';
  const conditions = ending === '.ts' ? ['--conditions=source'] : [];
  return new Worker(new URL('./bootstrap.mjs', import.meta.url), {
    workerData: { target: new URL(file + ending, from).href, options: options.data },
    execArgv: conditions,
    ...(options.transferList && { transferList: [...options.transferList] }),
    ...(options.name !== undefined && { name: options.name }),
    ...(options.env && { env: options.env }),
  });
}
