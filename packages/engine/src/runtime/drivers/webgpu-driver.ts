import { InferenceSession, type Tensor } from 'onnxruntime-node';
import type { ProgramSpec } from '../protocol.js';
import type { DeviceDriver, DeviceProgram, Feed } from './driver.js';
import { feedTensor } from './feed-tensor.js';
import { type GpuCopies, openGpuCopies } from './gpu-copies.js';
import { sessionOptions } from './session-options.js';

/**
 * Arrays in buffers of the GPU, fed to the next run as they are. onnxruntime gives every result a buffer of its own and takes it back
 * when the array is freed, so a state that is donated alternates between two sets of buffers. What the CPU provider computes, where
 * WebGPU has no kernel, is copied over inside the run.
 */
export function createWebgpuDriver(): DeviceDriver<Tensor> {
  let opened: Promise<GpuCopies> | undefined;
  // onnxruntime gives the GPU up, and every buffer on it, with its last session: these are there before any array, and stay.
  const copies = () => (opened ??= openGpuCopies());
  return {
    open: async (spec, profilePrefix) => {
      await copies();
      return openProgram(spec, profilePrefix);
    },
    put: async (numbers) => (await copies()).write(numbers),
    read: async (tensor) => (await copies()).read(tensor),
    free: (tensor) => tensor.dispose(),
  };
}

async function openProgram(spec: ProgramSpec, profilePrefix: string | undefined): Promise<DeviceProgram<Tensor>> {
  const options = { ...sessionOptions('webgpu', spec, profilePrefix), preferredOutputLocation: 'gpu-buffer' as const };
  const session = await InferenceSession.create(spec.model, options);
  const run = async (given: ReadonlyMap<string, Feed<Tensor>>): Promise<Tensor[]> => {
    const results = await session.run(Object.fromEntries([...given].map(([name, feed]) => [name, feedTensor(feed)])));
    return spec.outputs.map(({ name }) => results[name] as Tensor);
  };
  const release = async () => {
    if (profilePrefix !== undefined) session.endProfiling();
    await session.release();
  };
  return { run, release };
}
