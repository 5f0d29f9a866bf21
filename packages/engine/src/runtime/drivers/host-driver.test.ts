import '@tensorflow/tfjs';
import { add, type Tensor } from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { isArgument, prepare } from '../../arguments.js';
import { specifyProgram } from '../../program.js';
import { trace } from '../../trace/trace.js';
import { flatten } from '../../tree.js';
import type { HostNumbers } from '../protocol.js';
import { createHostDriver } from './host-driver.js';

it('writes results where it made room for them: onnxruntime gives no copies', async () => {
  const numbers: HostNumbers = { data: new Float32Array(2 ** 22), shape: [2 ** 22], dtype: 'float32' };
  const { shape: tree, leaves } = flatten([numbers], isArgument, 'arguments');
  const signature = { tree, leaves: await Promise.all(leaves.map((leaf) => prepare(leaf))) };
  const { program: spec, inputs } = await specifyProgram('cpu', await trace(((x: Tensor) => add(x, 1)) as never, signature));
  const driver = createHostDriver('cpu');
  const program = await driver.open(spec);
  const run = async () => (await program.run(new Map([[inputs[0]!.name, { numbers }]])))[0]!;
  driver.free(await run()); // its memory takes the next result

  const before = process.memoryUsage().arrayBuffers;
  const result = await run();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(numbers.data.byteLength / 2);
  expect((result.data as Float32Array).every((number) => number === 1)).toBe(true);
  driver.free(result);
  await program.release();
});
