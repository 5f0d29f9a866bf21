import { type ChildProcess, fork } from 'node:child_process';
import { workerTarget } from './start-worker.js';

/** Options of `startProcess`. */
export interface StartProcessOptions {
  /** Plain data (JSON): read it there by `workerOptions()`. */
  readonly data?: unknown;
  readonly env?: NodeJS.ProcessEnv;
  /** Whether what it prints is kept from the terminal, and given by `stdout` and `stderr` of the result. @defaultValue false */
  readonly silent?: boolean;
}

/**
 * Starts a worker's file in a process of its own, from source and from compiled packages alike; messages are structured-cloned both ways.
 *
 * @param from - `import.meta.url` of the caller
 * @param file - the worker's file beside the caller, without ending: `./session-worker`
 */
export function startProcess(from: string, file: string, options: StartProcessOptions = {}): ChildProcess {
  const { bootstrap, target, execArgv } = workerTarget(from, file);
  return fork(bootstrap, [JSON.stringify({ target, options: options.data })], {
    execArgv,
    serialization: 'advanced',
    stdio: ['ignore', ...(options.silent ? (['pipe', 'pipe'] as const) : (['inherit', 'inherit'] as const)), 'ipc'],
    ...(options.env && { env: options.env }),
  });
}
