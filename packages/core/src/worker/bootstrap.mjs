// The first file of every worker, thread or process. A `.ts` worker does not start on Node 20, not even with `--import tsx`:
// so the worker starts with this plain file, which registers tsx where the target is TypeScript, and then loads the target.
import { workerData } from 'node:worker_threads';

const { target } = workerData ?? JSON.parse(process.argv[2]); // a process has no workerData
if (target.endsWith('.ts')) {
  const { register } = await import('tsx/esm/api');
  register();
}
await import(target);
