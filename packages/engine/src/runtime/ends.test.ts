import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';

const program = fileURLToPath(new URL('./ends.test-program.ts', import.meta.url));

function run(way: string) {
  const child = spawn(process.execPath, ['--conditions=source', '--import=tsx', program, way], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  return { child, out: child.stdout, err: text(child.stderr), ended };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The session's process, by what the program printed. */
const processId = (printed: string) => Number(printed.match(/^process (\d+)\n$/)![1]);
const gone = (pid: number) => vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 30_000 });

// Without care `process.exit` ends with code 134: the process aborts when a thread inside onnxruntime is ended.
it.concurrent.each([
  ['by itself', 0],
  ['by process.exit', 3],
])('a program that ends %s has code %i', async (way, code) => {
  const { out, err, ended } = run(way);
  const [printed, errors] = await Promise.all([text(out), err]);
  expect([await ended, errors]).toEqual([[code, null], '']);
  await gone(processId(printed));
});

it.concurrent('a program that is interrupted in a run leaves nothing behind', async () => {
  const { child, out, err, ended } = run('signal');
  const [printed] = (await once(out, 'data')) as [Buffer];
  child.kill('SIGINT');
  expect([await ended, await err]).toEqual([[null, 'SIGINT'], '']);
  await gone(processId(String(printed)));
});
