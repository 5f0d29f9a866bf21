import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';

const program = fileURLToPath(new URL('./ends.test-program.ts', import.meta.url));

function run(isolate: string, way: string) {
  const child = spawn(process.execPath, ['--conditions=source', '--import=tsx', program, isolate, way], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { child, out: child.stdout, err: text(child.stderr), ended: once(child, 'exit') as Promise<[number | null, string | null]> };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

// Without care `process.exit` ends with code 134: the process aborts when a thread inside onnxruntime is ended.
it.concurrent.each([
  ['thread', 'by itself', 0],
  ['thread', 'exit', 3],
  ['process', 'exit', 3],
])('a program (session in a %s) that ends: %s, code %i', async (isolate, way, code) => {
  const { out, err, ended } = run(isolate, way);
  const [worker, message] = await Promise.all([text(out), err]);
  expect([await ended, message.includes('terminate called'), worker.split(' ')[0]]).toEqual([[code, null], false, isolate]);
});

it.concurrent.each(['thread', 'process'])(
  'a program (session in a %s) that is interrupted in a run leaves nothing behind',
  async (isolate) => {
    const { child, out, err, ended } = run(isolate, 'signal');
    const [worker] = (await once(out, 'data')) as [Buffer];
    child.kill('SIGINT');
    expect(await ended).toEqual([null, 'SIGINT']);
    expect(await err).toBe('');
    const pid = Number(String(worker).match(/^process (\d+)/)?.[1] ?? child.pid);
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false), { timeout: 30_000 });
  },
);
