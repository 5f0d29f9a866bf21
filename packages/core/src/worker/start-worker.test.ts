import { once } from 'node:events';
import { expect, it } from 'vitest';
import { startWorker } from './start-worker.js';

it('starts a TypeScript worker that imports a workspace package from source', async () => {
  const worker = startWorker(import.meta.url, './echo-worker.test-worker', { data: { answer: 42 } });
  const [message] = await once(worker, 'message');
  expect(message).toEqual({ options: { answer: 42 }, key: [0, 5] });
  await worker.terminate();
});
