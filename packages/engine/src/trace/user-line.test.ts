import { expect, it } from 'vitest';
import { userLine } from './user-line.js';

const user = '    at loss (/home/me/train.ts:12:7)';
const inside = [
  '    at square_ (/home/me/node_modules/@tensorflow/tfjs-core/dist/tf-core.node.js:1:1)',
  '    at Engine.runKernel (/home/me/tfjs-core/src/engine.ts:647:22)', // by tfjs's source maps
  '    at process.processTicksAndRejections (node:internal/process/task_queues:105:5)',
];

it.each(inside)('is not tfjs, nor node: %s', (frame) => {
  expect(userLine(['Error', frame, user].join('\n'))).toBe('/home/me/train.ts:12:7');
});

it('is the nearest one', () => {
  expect(userLine(['Error', ...inside, '    at file:///home/me/a%20b/main.js:3:4', user].join('\n'))).toBe(
    'file:///home/me/a%20b/main.js:3:4',
  );
});
