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
  const { bootstrap, target, execArgv } = workerTarget(from, file);
  return new Worker(bootstrap, {
    workerData: { target, options: options.data },
    execArgv,
    ...(options.transferList && { transferList: [...options.transferList] }),
    ...(options.name !== undefined && { name: options.name }),
    ...(options.env && { env: options.env }),
  });
}

/** What a worker, thread or process, is started with: the plain file that comes first, and the file that it loads. */
export function workerTarget(from: string, file: string): { bootstrap: URL; target: string; execArgv: string[] } {
  const ending = from.endsWith('.ts') ? '.ts' : '.js';
  return {
    bootstrap: new URL('./bootstrap.mjs', import.meta.url),
    target: new URL(file + ending, from).href,
    execArgv: ending === '.ts' ? ['--conditions=source'] : [],
  };
}
