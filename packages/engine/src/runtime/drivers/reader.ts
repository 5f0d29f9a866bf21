import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { encodeIdentity, identityNames } from '../../onnx/identity.js';
import type { DType } from '../../types.js';
import type { Numbers } from '../protocol.js';

/** Copies the numbers of an array out of a GPU. */
export type Reader = (tensor: Tensor) => Promise<Numbers>;

/**
 * onnxruntime-node cannot read a GPU's buffer (`getData` ends the process), but a program may take one and give memory of the host. Its
 * only node is kept off the GPU, so that the numbers are not copied there once more.
 */
export async function openReader(): Promise<Reader> {
  const { node, input, output } = identityNames;
  const open = (dtype: DType) =>
    InferenceSession.create(encodeIdentity(dtype), {
      executionProviders: [{ name: 'webgpu', forceCpuNodeNames: [node] }, 'cpu'],
      logSeverityLevel: 3,
    });
  const sessions = { float32: await open('float32'), int32: await open('int32'), bool: await open('bool') };
  return async (tensor) => {
    const results = await sessions[tensor.type as DType].run({ [input]: tensor });
    return results[output]!.data as Numbers;
  };
}
