import '@tensorflow/tfjs';
import { add, type Tensor as TfTensor } from '@tensorflow/tfjs-core';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, it } from 'vitest';
import { trace } from '../trace/trace.js';
import { encodeProgram } from './encode.js';
import { endedAtSentinel, sentinel } from './sentinel.js';

it('ends a run before its outputs are copied: they are where the caller gave memory', async () => {
  const signature = {
    tree: { kind: 'list' as const, items: [{ kind: 'leaf' as const }] },
    leaves: [{ shape: [2], dtype: 'float32' as const }],
  };
  const { graph } = await trace(((x: TfTensor) => add(x, 1)) as never, signature);
  const { model, inputs, outputs } = encodeProgram(graph, { withSentinel: true });
  const session = await InferenceSession.create(model, { logSeverityLevel: 4 });
  expect(session.outputNames).toEqual([sentinel, ...outputs]);
  const result = new Tensor('float32', new Float32Array(2), [2]);
  const run = (shape: number[]) =>
    session.run(
      { [inputs[0]!.name]: new Tensor('float32', new Float32Array(shape[0]!).fill(3), shape) },
      { [sentinel]: null, [outputs[0]!]: result },
    );
  expect(endedAtSentinel(await run([2]).catch((error: unknown) => error))).toBe(true);
  expect([...(result.data as Float32Array)]).toEqual([4, 4]);
  expect(endedAtSentinel(await run([3]).catch((error: unknown) => error)), 'a run that failed').toBe(false);
  await session.release();
});
