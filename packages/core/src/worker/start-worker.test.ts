import { once } from 'node:events';
import { expect, it } from 'vitest';
import { startProcess } from './start-process.js';
import { startWorker } from './start-worker.js';

const echo = { options: { answer: 42 }, key: [0, 5], data: Float32Array.of(1, 2) };

it('starts a TypeScript worker that imports a workspace package from source', async () => {
  const worker = startWorker(import.meta.url, './echo-worker.test-worker', { data: { answer: 42 } });
  const [message] = await once(worker, 'message');
  expect(message).toEqual(echo);
  await worker.terminate();
});

it('starts the same file as a process', async () => {
  const child = startProcess(import.meta.url, './echo-worker.test-worker', { data: { answer: 42 } });
  const [message] = await once(child, 'message');
  expect(message).toEqual(echo);
  child.disconnect();
  expect(await once(child, 'exit')).toEqual([0, null]);
});
