import { parentPort } from 'node:worker_threads';
import { workerOptions } from '@fsc-clip/core/worker';
import { enterGate, leaveGate } from './exit-gate.js';
import type { CarryOut, RequestMessage, ResponseMessage } from './protocol.js';

/** In a session's worker, thread or process: answers requests one after the other, in order. */
export function serve(carryOut: CarryOut): void {
  const { gate } = workerOptions<{ gate?: Int32Array }>();
  let last = Promise.resolve();
  const answer = async ({ id, request }: RequestMessage): Promise<void> => {
    if (gate && !enterGate(gate)) return; // the program is ending: nobody waits for an answer
    let response: ResponseMessage;
    try {
      const data = await carryOut(request);
      response = data === undefined ? { id } : { id, data };
    } catch (error) {
      response = { id, error: (error instanceof Error ? error.message : String(error)).trim() };
    }
    post(response); // clones what is read: the array stays here
    if (gate) leaveGate(gate);
  };
  const listen = (message: RequestMessage) => {
    last = last.then(() => answer(message));
  };
  if (parentPort) {
    parentPort.on('message', listen);
    if (gate) process.on('exit', () => leaveGate(gate)); // a worker that ends itself keeps nobody waiting
    return;
  }
  process.on('message', listen);
  process.on('disconnect', () => void last.then(() => process.exit())); // the program ended, or closed the channel
  process.on('SIGINT', ignored); // a terminal sends it to both: what it means is decided by the program
}

function post(response: ResponseMessage): void {
  if (parentPort) parentPort.postMessage(response);
  else if (process.connected) process.send!(response, undefined, undefined, ignored); // the program may be gone by now
}

function ignored(): void {}
