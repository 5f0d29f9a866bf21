import type { DeviceArray } from '@fsc-clip/engine';
import type { Tensor } from '@tensorflow/tfjs-core';

/**
 * The numbers behind a step's metrics, and an end to the handles: reads every scalar, then disposes it. Waits for the device; to keep
 * it busy between the steps that you look at, give unread metrics back with `disposeParams`.
 *
 * @param metrics - scalars by name: what a compiled step (device arrays) or the plain function (tensors) returned
 */
export async function readMetrics(metrics: Readonly<Record<string, DeviceArray | Tensor>>): Promise<Record<string, number>> {
  const entries = Object.entries(metrics).map(async ([name, scalar]) => {
    const data = 'read' in scalar ? await scalar.read() : await scalar.data();
    scalar.dispose();
    return [name, data[0]!] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
