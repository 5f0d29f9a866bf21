import { DeviceError } from '@fsc-clip/core';
import type { Isolation } from '../types.js';
import type { Channel, ChannelTarget, OpenChannel } from './channel.js';
import { hintFor } from './failure-hint.js';
import { openProcess } from './process-channel.js';
import type { Numbers, Request, ResponseMessage, SessionDevice } from './protocol.js';
import { openThread } from './thread-channel.js';

interface Pending {
  resolve(data: Numbers | undefined): void;
  reject(error: Error): void;
}

const openChannel: Record<Isolation, OpenChannel> = { thread: openThread, process: openProcess };

/** The worker of one device, seen from the user's thread. Keeps the process alive only while something is under way. */
export class DeviceWorker {
  readonly device: SessionDevice;
  /** Device and isolation, for messages. */
  readonly name: string;
  readonly channel: Channel;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #failure: string | undefined;

  constructor(device: SessionDevice, isolate: Isolation, target: ChannelTarget = sessionWorker(device)) {
    this.device = device;
    this.name = isolate === 'process' ? `${device} in a process of its own` : device;
    this.channel = openChannel[isolate](target, {
      message: (response) => this.#settle(response),
      ended: (reason) => this.#fail(reason),
    });
  }

  /** Whether the worker still answers. */
  get alive(): boolean {
    return this.#failure === undefined;
  }

  /** A number that no program and no array of this worker has. */
  newId(): number {
    return this.#nextId++;
  }

  send(request: Request, transfer: readonly ArrayBuffer[] = []): Promise<Numbers | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#lost(request));
    const id = this.newId();
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.channel.hold(true);
      try {
        this.channel.send({ id, request }, transfer);
      } catch (error) {
        this.#settle({ id, error: `a message that cannot be sent: ${error instanceof Error ? error.message : error}` });
      }
    });
  }

  #settle(response: ResponseMessage): void {
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if (this.#pending.size === 0) this.channel.hold(false);
    if ('error' in response) pending?.reject(this.#error(response.error, hintFor(response.error)));
    else pending?.resolve(response.data);
  }

  #fail(reason: string): void {
    this.#failure ??= reason;
    const hint = 'The next call starts a new one and compiles again; the arrays that it held are lost';
    for (const { reject } of this.#pending.values()) reject(this.#error(reason, hint));
    this.#pending.clear();
  }

  #lost({ kind }: Request): DeviceError {
    return new DeviceError({ function: kind, argument: 'device', rule: `${this.device} must be running`, got: this.#failure! });
  }

  #error(got: string, hint: string | undefined): DeviceError {
    const rule = `${this.device} must carry out the program`;
    return new DeviceError({ function: 'jit', argument: 'device', rule, got, ...(hint && { hint }) });
  }
}

function sessionWorker(device: SessionDevice): ChannelTarget {
  return { from: import.meta.url, file: './session-worker', data: { device } };
}

const workers = new Map<string, DeviceWorker>();

/** The worker of a device: started at first use, and anew after it died. */
export function deviceWorker(device: SessionDevice, isolate: Isolation): DeviceWorker {
  const key = `${device} ${isolate}`;
  let worker = workers.get(key);
  if (!worker?.alive) workers.set(key, (worker = new DeviceWorker(device, isolate)));
  return worker;
}
