import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { encodeIdentity, identityNames } from '../../onnx/identity.js';
import type { DType } from '../../types.js';
import type { HostNumbers, HostZeros, Numbers } from '../protocol.js';
import { numbersTensor } from './feed-tensor.js';

/** Copies arrays into a GPU and out of it. */
export interface GpuCopies {
  write(numbers: HostNumbers | HostZeros): Promise<Tensor>;
  read(tensor: Tensor): Promise<Numbers>;
}

type Sessions = Readonly<Record<DType, InferenceSession>>;

/**
 * onnxruntime-node has no function for either (`getData` ends the process), but programs may take and give memory of both. The only node
 * of those that read is kept off the GPU, so that the numbers are not copied there once more.
 */
export async function openGpuCopies(): Promise<GpuCopies> {
  const { node, input, output } = identityNames;
  const readers = await openAll({ executionProviders: [{ name: 'webgpu', forceCpuNodeNames: [node] }, 'cpu'] });
  const writers = await openAll({ executionProviders: ['webgpu', 'cpu'], preferredOutputLocation: 'gpu-buffer' });
  const copy = async (sessions: Sessions, tensor: Tensor) => {
    const results = await sessions[tensor.type as DType].run({ [input]: tensor });
    return results[output] as Tensor;
  };
  return {
    write: (numbers) => copy(writers, numbersTensor(numbers)),
    read: async (tensor) => (await copy(readers, tensor)).data as Numbers,
  };
}

async function openAll(options: InferenceSession.SessionOptions): Promise<Sessions> {
  const open = (dtype: DType) => InferenceSession.create(encodeIdentity(dtype), { ...options, logSeverityLevel: 3 });
  return { float32: await open('float32'), int32: await open('int32'), bool: await open('bool') };
}
