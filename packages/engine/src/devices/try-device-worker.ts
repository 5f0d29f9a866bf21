import { workerOptions } from '@fsc-clip/core/worker';
import { GraphBuilder } from '../graph/builder.js';
import { encodeProgram } from '../onnx/encode.js';
import { openDevice } from '../runtime/open-device.js';
import type { SessionDevice } from '../runtime/protocol.js';

/** Squares a matrix on the device, as a session does; an error when that does not give what it must. */
async function square(device: SessionDevice): Promise<void> {
  const graph = new GraphBuilder();
  const shape = [2, 2];
  const a = graph.input(shape, 'float32');
  const square = graph.node('MatMul', [a, a], shape, 'float32', { transA: { int: 0 }, transB: { int: 0 } });
  const { model, constants, inputs, outputs } = encodeProgram({ inputs: [a], outputs: [square] });
  const spec = { model, constants, outputs: [{ name: outputs[0]!, shape, dtype: 'float32' as const }] };
  const carryOut = await openDevice(device);
  const [program, array] = [1, 2];
  await carryOut({ kind: 'compile', program, spec });
  const matrix = { name: inputs[0]!.name, data: Float32Array.of(1, 2, 3, 4), shape, dtype: 'float32' as const };
  await carryOut({ kind: 'run', program, inputs: [matrix], results: [array], donated: [] });
  const numbers = String(await carryOut({ kind: 'read', array }));
  if (numbers !== '7,10,15,22') throw new Error(`a product of matrices that should be 7,10,15,22 came out as ${numbers}`);
}

const { device } = workerOptions<{ device: SessionDevice }>();
process.send!(
  await square(device).then(
    () => ({}),
    (error: Error) => ({ error: error.message }),
  ),
);
