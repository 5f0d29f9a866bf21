import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

// Needs tfjs-node: `npm run test:backends` builds it.

it.each([
  ['cpu', []],
  ['tensorflow', ['--tfjs', '@tensorflow/tfjs-node']],
])('the eager loop trains on %s and keeps no tensors', (backend, options) => {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const arguments_ = ['--import', 'tsx', '--conditions=source', main, '--steps', '2', '--batch', '2', ...options];
  const output = execFileSync(process.execPath, arguments_, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const lines = [...output.matchAll(/^(\w+) {2}loss (\d+\.\d+) .* (\d+) tensors$/gm)].map(([, name, loss, tensors]) => ({
    name,
    loss,
    tensors,
  }));
  expect(lines.map(({ name }) => name)).toEqual([backend, backend]);
  expect(lines[1]!.loss).not.toBe(lines[0]!.loss);
  expect(lines[1]!.tensors).toBe(lines[0]!.tensors);
});
