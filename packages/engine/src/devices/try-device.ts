import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { startProcess } from '@fsc-clip/core/worker';
import type { SessionDevice } from '../runtime/protocol.js';

/** What became of a trial: `failure` is all that was said about it, native libraries' own output first. */
export type Trial = 'ok' | { readonly failure: string };

/** Runs a small program on a device, in a process that is thrown away. */
export async function tryDevice(device: SessionDevice, timeoutMs: number): Promise<Trial> {
  const child = startProcess(import.meta.url, './try-device-worker', { data: { device }, silent: true });
  let message: { error?: string } | undefined;
  child.on('message', (received: { error?: string }) => {
    message = received;
    child.disconnect();
  });
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill('SIGKILL');
  }, timeoutMs);
  const said = text(child.stderr!);
  child.stdout!.resume();
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  clearTimeout(timer);
  // The answer counts, not how the process went: drivers like to fail when they are unloaded.
  if (message && message.error === undefined) return 'ok';
  const end = late ? `no answer in ${timeoutMs / 1000} s` : (message?.error ?? `the process was ended by ${signal ?? `code ${code}`}`);
  return { failure: `${await said}\n${end}`.trim() };
}
