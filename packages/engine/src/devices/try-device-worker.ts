import { workerOptions } from '@fsc-clip/core/worker';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { GraphBuilder } from '../graph/builder.js';
import { encodeProgram } from '../onnx/encode.js';
import type { SessionDevice } from '../runtime/protocol.js';

/** Squares a matrix on the device; an error when that does not give what it must. */
async function square(device: SessionDevice): Promise<void> {
  const graph = new GraphBuilder();
  const a = graph.input([2, 2], 'float32');
  const square = graph.node('MatMul', [a, a], [2, 2], 'float32', { transA: { int: 0 }, transB: { int: 0 } });
  const { model, inputs, outputs } = encodeProgram({ inputs: [a], outputs: [square] });
  const session = await InferenceSession.create(model, { executionProviders: [device], logSeverityLevel: 3 });
  const results = await session.run({ [inputs[0]!.name]: new Tensor('float32', Float32Array.of(1, 2, 3, 4), [2, 2]) });
  const numbers = String(results[outputs[0]!]!.data);
  if (numbers !== '7,10,15,22') throw new Error(`a product of matrices that should be 7,10,15,22 came out as ${numbers}`);
}

const { device } = workerOptions<{ device: SessionDevice }>();
process.send!(
  await square(device).then(
    () => ({}),
    (error: Error) => ({ error: error.message }),
  ),
);
