import { open, stat } from 'node:fs/promises';
import { refuser } from './refuse.js';

/** A file that is read by position. */
export interface PositionedFile {
  readonly path: string;
  /** In bytes, when it was opened. */
  readonly size: number;
  /** Bytes [position, position + length). The caller has checked that they lie inside the file. */
  read(position: number, length: number): Promise<ArrayBuffer>;
  close(): Promise<void>;
}

/**
 * Opens a plain file for `caller`: a pipe or a device, which could block or never end, is refused.
 *
 * @throws WeightsError naming `path`
 */
export async function openFile(caller: string, path: string): Promise<PositionedFile> {
  const refuse = refuser(caller, path);
  const found = await stat(path).catch((cause: Error) => refuse('must be a readable file', cause.message, { cause }));
  if (!found.isFile()) refuse('must be a file', 'something else');
  const handle = await open(path, 'r').catch((cause: Error) => refuse('must be a readable file', cause.message, { cause }));
  const read = async (position: number, length: number): Promise<ArrayBuffer> => {
    const bytes = new Uint8Array(length);
    // In pieces: one call reads less than 2 GiB.
    for (let done = 0; done < length; ) {
      const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, 2 ** 30), position + done);
      if (bytesRead === 0) refuse('must not shrink while it is read', `its end at byte ${position + done}`);
      done += bytesRead;
    }
    return bytes.buffer;
  };
  return { path, size: found.size, read, close: () => handle.close() };
}
