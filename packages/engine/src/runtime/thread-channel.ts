import { startWorker } from '@fsc-clip/core/worker';
import type { OpenChannel } from './channel.js';
import { newExitGate, retireExitGate } from './exit-gate.js';

/** A worker thread of this process: arrays are transferred, and a native crash ends the user's program too. */
export const openThread: OpenChannel = ({ from, file, data }, events) => {
  const gate = newExitGate();
  const worker = startWorker(from, file, { data: { ...data, gate }, name: 'fsc-clip' });
  worker.unref();
  worker.on('message', events.message);
  worker.on('error', (error) => events.ended(`its worker failed: ${error.message}`));
  worker.on('exit', (code) => {
    retireExitGate(gate);
    events.ended(`its worker ended with code ${code}`);
  });
  return {
    worker: `thread ${worker.threadId}`,
    send: (message, transfer) => worker.postMessage(message, [...transfer]),
    hold: (held) => (held ? worker.ref() : worker.unref()),
    close: () => void worker.terminate(),
  };
};
