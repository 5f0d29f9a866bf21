import { getBackend, ready, version_core } from '@tensorflow/tfjs-core';
import { hasKoffi } from '../runtime/drivers/has-koffi.js';
import type { SessionDevice } from '../runtime/protocol.js';
import { backendName } from '../trace/backend.js';
import type { Device } from '../types.js';
import { installedProviders } from './installed-providers.js';
import { tryDevice } from './try-device.js';
import { explainFailure, type Failure } from './why-not.js';

/** One device of `jit`, on this machine. */
export interface DeviceStatus {
  readonly device: Device;
  /** Whether a small program ran on it and gave the right numbers. */
  readonly available: boolean;
  /** What runs the programs. */
  readonly runsOn: string;
  /** Where arrays are between two calls. */
  readonly state: string;
  /** Why it is not available. */
  readonly reason?: string;
  /** What to do about it: a command, where there is one. */
  readonly hint?: string;
}

/** What this machine has. */
export interface DevicesReport {
  /** For example `linux/x64`. */
  readonly platform: string;
  readonly versions: { readonly node: string; readonly onnxruntime: string; readonly tfjs: string };
  /** Files of onnxruntime's providers that are not built in, e.g. `libonnxruntime_providers_cuda.so`. */
  readonly providerFiles: readonly string[];
  readonly devices: readonly DeviceStatus[];
}

/** Options of `devices`. */
export interface DevicesOptions {
  /**
   * How long a device may take for the small program, in milliseconds; a software device for WebGPU takes seconds.
   * @defaultValue 60000
   */
  readonly timeoutMs?: number;
}

const sessions: readonly (Pick<DeviceStatus, 'runsOn' | 'state'> & { readonly device: SessionDevice })[] = [
  { device: 'cpu', runsOn: "onnxruntime's CPU provider", state: "stays in the engine's worker" },
  { device: 'webgpu', runsOn: "onnxruntime's WebGPU provider", state: 'stays on the GPU' },
  {
    device: 'cuda',
    runsOn: "onnxruntime's CUDA provider",
    state: hasKoffi() ? 'stays on the GPU' : 'is copied to the host and back in every call (npm i koffi keeps it on the GPU)',
  },
];

/**
 * What `jit` can run on here, and why not on the rest. Each device is tried with a small program in a process of its own,
 * so a driver that crashes or hangs harms nobody. Takes some seconds.
 *
 * @example
 * console.log(formatDevices(await devices()));
 */
export async function devices({ timeoutMs = 60_000 }: DevicesOptions = {}): Promise<DevicesReport> {
  const platform = `${process.platform}/${process.arch}`;
  const { version, files } = installedProviders();
  const tried = await Promise.all(
    sessions.map(async (session): Promise<DeviceStatus> => {
      const result = await tryDevice(session.device, timeoutMs);
      return status(session, result === 'ok' ? undefined : explainFailure(session.device, platform, result.failure));
    }),
  );
  if (!getBackend()) await ready().catch(() => undefined); // tfjs chooses its backend when it is first asked
  const backend = getBackend() === backendName ? '' : getBackend();
  const eager = {
    device: 'eager',
    runsOn: backend ? `the tfjs backend '${backend}'` : 'the current tfjs backend',
    state: 'tensors of the backend',
  } as const;
  const noBackend = { reason: 'no tfjs backend is registered', hint: "import '@tensorflow/tfjs' (or tfjs-node, tfjs-node-gpu) first" };
  return {
    platform,
    versions: { node: process.versions.node, onnxruntime: version, tfjs: version_core },
    providerFiles: files,
    devices: [...tried, status(eager, backend ? undefined : noBackend)],
  };
}

function status(device: Pick<DeviceStatus, 'device' | 'runsOn' | 'state'>, failure: Failure | undefined): DeviceStatus {
  return { ...device, available: failure === undefined, ...failure };
}
