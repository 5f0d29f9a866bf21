import type { Worker } from 'node:worker_threads';
import { DeviceError } from '@fsc-clip/core';
import { startWorker } from '@fsc-clip/core/worker';
import type { Request, RequestMessage, ResponseMessage, SessionDevice } from './protocol.js';

interface Pending {
  resolve(data: Float32Array | Int32Array | Uint8Array | undefined): void;
  reject(error: Error): void;
}

/** The worker of one device, seen from the user's thread. Keeps the process alive only while something is under way. */
export class DeviceWorker {
  readonly device: SessionDevice;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #failure: string | undefined;

  constructor(device: SessionDevice) {
    this.device = device;
    this.#worker = startWorker(import.meta.url, './session-worker', { data: { device }, name: `fsc-clip ${device}` });
    this.#worker.unref();
    this.#worker.on('message', (response: ResponseMessage) => this.#settle(response));
    this.#worker.on('error', (error) => this.#fail(error.message));
    this.#worker.on('exit', (code) => this.#fail(`its worker ended with code ${code}`));
  }

  /** Whether the worker still answers. */
  get alive(): boolean {
    return this.#failure === undefined;
  }

  /** A number that no program and no array of this worker has. */
  newId(): number {
    return this.#nextId++;
  }

  send(request: Request, transfer: ArrayBuffer[] = []): Promise<Float32Array | Int32Array | Uint8Array | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#lost(request));
    const id = this.newId();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker.ref();
      this.#worker.postMessage({ id, request } satisfies RequestMessage, transfer);
    });
  }

  #settle(response: ResponseMessage): void {
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if (this.#pending.size === 0) this.#worker.unref();
    if ('error' in response) pending?.reject(this.#error(response.error));
    else pending?.resolve(response.data);
  }

  #fail(reason: string): void {
    this.#failure ??= reason;
    for (const { reject } of this.#pending.values()) reject(this.#error(reason));
    this.#pending.clear();
  }

  #lost({ kind }: Request): DeviceError {
    return new DeviceError({ function: kind, argument: 'device', rule: `${this.device} must be running`, got: this.#failure! });
  }

  #error(message: string): DeviceError {
    return new DeviceError({ function: 'jit', argument: 'device', rule: `${this.device} must carry out the program`, got: message });
  }
}

const workers = new Map<SessionDevice, DeviceWorker>();

/** The worker of a device: started at first use, and anew after it died. */
export function deviceWorker(device: SessionDevice): DeviceWorker {
  let worker = workers.get(device);
  if (!worker?.alive) workers.set(device, (worker = new DeviceWorker(device)));
  return worker;
}
