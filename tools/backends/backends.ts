import { createRequire } from 'node:module';
import type { Device } from '@fsc-clip/engine';
import { setBackend } from '@tensorflow/tfjs-core';

/** A place to compute on: what has to be loaded for it, and the device that `jit` is given. */
export interface Backend {
  readonly device: Device;
  load(): Promise<void>;
}

const eager = (load: () => Promise<unknown>, name: string): Backend => ({
  device: 'eager',
  load: async () => {
    await load();
    if (!(await setBackend(name))) throw new Error(`tfjs could not start its ${name} backend`);
  },
});
const compiled = (device: Device): Backend => ({ device, load: async () => {} });

/** Everything that the same functions must run on. `tools/test-backends.sh` brings what npm does not. */
export const backends = {
  'eager cpu': eager(async () => {}, 'cpu'),
  'eager wasm': eager(() => import('@tensorflow/tfjs-backend-wasm'), 'wasm'),
  'eager webgpu': eager(async () => {
    const { create, globals } = fromCache('webgpu');
    Object.assign(globalThis, globals);
    Object.defineProperty(globalThis, 'navigator', { value: { gpu: create([]) }, configurable: true }); // what a browser has
    await import('@tensorflow/tfjs-backend-webgpu');
  }, 'webgpu'),
  'eager tfjs-node': eager(async () => fromCache('tfjs-node', '@tensorflow/tfjs-node'), 'tensorflow'),
  'compiled cpu': compiled('cpu'),
  'compiled webgpu': compiled('webgpu'),
  'compiled cuda': compiled('cuda'),
} satisfies Record<string, Backend>;

export type BackendName = keyof typeof backends;

/** A package of `.cache/FOLDER/node_modules`. */
function fromCache(folder: string, name = folder) {
  return createRequire(new URL(`../../.cache/${folder}/`, import.meta.url))(name);
}
