import type { RequestMessage, ResponseMessage } from './protocol.js';

/** The line to a session's worker, which is a thread or a process. */
export interface Channel {
  /** The worker, for messages: `thread 3`, `process 4711`. */
  readonly worker: string;
  send(message: RequestMessage, transfer: readonly ArrayBuffer[]): void;
  /** Whether the worker keeps the user's program from ending. */
  hold(held: boolean): void;
  /** Ends the worker. Only when it has nothing to do: a thread that is ended while it runs takes the program with it. */
  close(): void;
}

/** What comes back over a channel. */
export interface ChannelEvents {
  message(response: ResponseMessage): void;
  /** The worker is gone, and why; may be told twice. */
  ended(reason: string): void;
}

/** Which file to start, beside which (`import.meta.url`), and what it is told. */
export interface ChannelTarget {
  readonly from: string;
  readonly file: string;
  readonly data: object;
}

/** Opens a channel: starts the worker, which is free to end with the program until it is held. */
export type OpenChannel = (target: ChannelTarget, events: ChannelEvents) => Channel;
