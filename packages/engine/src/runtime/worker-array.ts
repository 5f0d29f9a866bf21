import { DeviceError } from '@fsc-clip/core';
import type { DeviceArray, DType } from '../types.js';
import type { DeviceWorker } from './device-worker.js';

/** A `DeviceArray` in a device's worker. */
export class WorkerArray implements DeviceArray {
  readonly id: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly worker: DeviceWorker;
  #state: 'live' | 'disposed' | 'donated' = 'live';

  constructor(worker: DeviceWorker, id: number, shape: readonly number[], dtype: DType) {
    this.worker = worker;
    this.id = id;
    this.shape = shape;
    this.dtype = dtype;
  }

  /** @throws DeviceError when the array was disposed or donated, or its worker died */
  check(name: string, argument: string): void {
    const gone = this.worker.alive ? this.#state : `an array of a ${this.worker.device} worker that died`;
    if (gone === 'live') return;
    const hint = gone === 'donated' ? 'A donated argument is consumed by the call: use the array that the call returned' : undefined;
    throw new DeviceError({
      function: name,
      argument,
      rule: 'must be a live array',
      got: `one that was ${gone}`.replace('one that was an', 'an'),
      ...(hint && { hint }),
    });
  }

  async read(): Promise<Float32Array | Int32Array | Uint8Array> {
    this.check('read', 'array');
    return (await this.worker.send({ kind: 'read', array: this.id }))!;
  }

  dispose(): void {
    if (this.#state !== 'live') return;
    this.#state = 'disposed';
    if (this.worker.alive) this.worker.send({ kind: 'free', arrays: [this.id] }).catch(() => undefined); // a dead worker holds nothing
  }

  /** Marks the array as consumed; `false` takes that back after a run that failed. */
  donate(donated = true): void {
    this.#state = donated ? 'donated' : 'live';
  }
}
