import { MessageChannel } from 'node:worker_threads';
import type { Numbers } from './protocol.js';

const { port1: nowhere } = new MessageChannel();
nowhere.close();

/**
 * Frees the memory of arrays that nobody reads again, at once: what is transferred to a closed port goes with the message. Left to the
 * collector it would stay through the next run, in which no JavaScript moves. A part of a buffer is left alone, others may be in it.
 */
export function discard(arrays: readonly Numbers[]): void {
  const whole = arrays.filter(({ byteLength, buffer }) => byteLength > 0 && byteLength === buffer.byteLength); // none that went before
  nowhere.postMessage(undefined, [...new Set(whole.map(({ buffer }) => buffer as ArrayBuffer))]);
}
