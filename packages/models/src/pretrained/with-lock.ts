import { rm, stat, utimes, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** A lock that was not touched for so long belongs to nobody. */
const staleMs = 60_000;
const touchEveryMs = 10_000;
const lookEveryMs = 200;

/**
 * Runs `work` while no other process does, on this machine or another that shares the folder: the ranks of a run all open the same
 * checkpoint. The lock is a file that its owner touches; that of a process which died is taken over after a minute.
 */
export async function withLock<T>(lock: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  while (!(await taken(lock))) {
    const touched = await stat(lock).catch(() => undefined);
    if (touched && Date.now() - touched.mtimeMs > staleMs) await rm(lock, { force: true });
    else await sleep(lookEveryMs, undefined, { signal });
  }
  const touching = setInterval(() => void utimes(lock, new Date(), new Date()).catch(() => undefined), touchEveryMs);
  touching.unref();
  try {
    return await work();
  } finally {
    clearInterval(touching);
    await rm(lock, { force: true });
  }
}

async function taken(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}
