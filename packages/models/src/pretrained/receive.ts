import { type FileHandle, open } from 'node:fs/promises';
import { reason } from '../files/refuse.js';
import type { Stall } from './stall-signal.js';

/** How far a download is. */
export interface DownloadProgress {
  /** On disk, what an earlier attempt left included. */
  readonly receivedBytes: number;
  /** Absent where the server does not say. */
  readonly totalBytes?: number;
}

/** Appends what comes. @returns why it broke; undefined when everything came */
export async function receive(
  body: ReadableStream<Uint8Array> | null,
  part: string,
  from: number,
  total: number | undefined,
  largest: number,
  { onProgress, signal }: { readonly onProgress?: (progress: DownloadProgress) => void; readonly signal?: AbortSignal },
  stall: Stall,
): Promise<string | undefined> {
  const file = await open(part, from === 0 ? 'w' : 'a');
  let received = from;
  try {
    for await (const piece of chunksOf(body, stall.signal)) {
      stall.restart();
      if (received + piece.length > (total ?? largest)) return 'more bytes than it has';
      await writeAll(file, piece);
      received += piece.length;
      onProgress?.({ receivedBytes: received, ...(total !== undefined && { totalBytes: total }) });
    }
    await file.sync();
  } catch (cause) {
    signal?.throwIfAborted();
    if (!(cause instanceof Broken)) throw cause;
    return `a broken transfer (${reason(cause.cause)})`;
  } finally {
    await file.close();
  }
  return total !== undefined && received < total ? `${received} of ${total} bytes` : undefined;
}

/** What the network did, told apart from what the disk did. */
class Broken extends Error {}

/** @throws Broken when the connection breaks, or `signal` aborts before the end */
async function* chunksOf(body: ReadableStream<Uint8Array> | null, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  if (!reader) return;
  // fetch hands an abort on by weak references: after a garbage collection it ends the connection, but never the reading of its answer.
  const end = () => void reader.cancel(signal.reason).catch(() => undefined);
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((cause: unknown) => {
        throw new Broken('', { cause });
      });
      if (signal.aborted) throw new Broken('', { cause: signal.reason });
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener('abort', end);
    end(); // of no use any more, whatever ended it
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done)).bytesWritten;
}
