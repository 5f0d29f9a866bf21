import { startProcess } from '@fsc-clip/core/worker';
import type { OpenChannel } from './channel.js';

const meaning: Partial<Record<NodeJS.Signals, string>> = { SIGKILL: ', as the system does when memory runs out' };

/** A process of its own: arrays are copied over a pipe, and a native crash ends that process only. */
export const openProcess: OpenChannel = ({ from, file, data }, events) => {
  const child = startProcess(from, file, { data });
  const hold = (held: boolean) => {
    for (const handle of [child, child.channel]) held ? handle?.ref() : handle?.unref();
  };
  const ended = (reason: string) => events.ended(`its process ${reason}`);
  hold(false);
  child.on('message', events.message);
  child.on('error', (error) => ended(`failed: ${error.message}`));
  child.on('exit', (code, signal) => ended(signal ? `was ended by ${signal}${meaning[signal] ?? ''}` : `ended with code ${code}`));
  return {
    worker: `process ${child.pid}`,
    send: (message) => void child.send(message, () => undefined), // a pipe that breaks: the end of the process says why
    hold,
    close: () => {
      if (child.connected) child.disconnect(); // it carries out what it has got, then ends
    },
  };
};
