import { OptionError } from '@fsc-clip/core';
import { toFloat16 } from '@fsc-clip/core/numbers';
import { TensorProto_DataType as TensorType } from './onnx_pb.js';
import { floatConstants, plainNode, type StoredModel, type StoredTensor, withTensors } from './stored-model.js';

/**
 * Stores constants as float16: half the file. They are cast to float32 once, when a session folds its constants, and the arithmetic
 * stays in float32.
 *
 * @throws OptionError for a number beyond float16's range
 */
export function float16Weights(stored: StoredModel): StoredModel {
  const floats = floatConstants(stored, TensorType.FLOAT);
  const tensors: StoredTensor[] = [];
  const casts = [];
  for (const [name, { shape, data }] of floats) {
    const half = `${name}_float16`;
    tensors.push({ name: half, type: TensorType.FLOAT16, shape, data: halvesOf(data) });
    casts.push(plainNode('Cast', [half], [name], { to: TensorType.FLOAT }));
  }
  const changed = withTensors(stored, new Set(floats.keys()), tensors);
  const graph = changed.model.graph!;
  return { ...changed, model: { ...changed.model, graph: { ...graph, node: [...casts, ...graph.node] } } };
}

function halvesOf(data: Float32Array): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(data.length);
  for (let i = 0; i < data.length; i++) {
    halves[i] = toFloat16(data[i]!);
    if ((halves[i]! & 0x7fff) === 0x7c00 && Number.isFinite(data[i]!)) {
      throw new OptionError({
        function: 'export',
        argument: 'weights',
        rule: 'must hold every constant of the program',
        got: `${data[i]} as float16`,
      });
    }
  }
  return halves;
}
