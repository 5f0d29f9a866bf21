import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Refuse } from '../files/refuse.js';

/** What is known about a file. */
export interface ExpectedFile {
  readonly sha256?: string;
  readonly sizeBytes?: number;
}

/** Where a file grows. */
export const partOf = (path: string): string => `${path}.part`;
/** Holds the server's name for the file's state, so that parts of two states are never joined. */
export const stateOf = (path: string): string => `${path}.part.etag`;

/** Deletes what came. */
export async function discard(path: string): Promise<void> {
  for (const file of [partOf(path), stateOf(path)]) await rm(file, { force: true });
}

/** Bytes of a file; 0 where there is none. */
export async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}

/** Refuses a file that is larger than the disk, before the first byte. */
export async function makeRoom(part: string, total: number | undefined, from: number, refuse: Refuse): Promise<void> {
  if (total === undefined) return;
  const { bavail, bsize } = await statfs(dirname(part));
  const [needed, free] = [total - from, bavail * bsize];
  if (needed > free)
    refuse(`must have ${needed} bytes of room in ${dirname(part)}`, `${free}`, { hint: 'FSC_CLIP_CACHE names another folder' });
}

/** Checks a whole file by size and SHA-256; what is wrong is deleted. */
export async function verify(path: string, { sizeBytes, sha256 }: ExpectedFile, refuse: Refuse): Promise<void> {
  const part = partOf(path);
  const hint = 'It was deleted. Call again; when it happens again, the file was changed there or on its way';
  const size = await sizeOf(part);
  if (sizeBytes !== undefined && size !== sizeBytes) {
    await discard(path);
    refuse(`must have ${sizeBytes} bytes`, String(size), { hint });
  }
  if (sha256 === undefined) return;
  const hash = createHash('sha256');
  for await (const piece of createReadStream(part, { highWaterMark: 2 ** 20 })) hash.update(piece as Uint8Array);
  const found = hash.digest('hex');
  if (found === sha256) return;
  await discard(path);
  refuse(`must have the SHA-256 ${sha256}`, found, { hint });
}
