import { createHash, randomBytes } from 'node:crypto';
import { constants as flags } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';

const chunkBytes = 2 ** 24; // the event loop turns between chunks
const ownName = /^[0-9a-f]{64}\.(program|constant)(\.[0-9a-f]+\.part)?$/;

/**
 * Makes the folder, for this user alone.
 *
 * @throws Error when others can write in it: programs in it are run
 */
export async function preparePrivateFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (!process.getuid) return; // Windows: the user's own folders are private
  const { uid, mode } = await stat(folder);
  if (uid !== process.getuid() || (mode & 0o022) !== 0) throw new Error(`others can write in ${folder}`);
}

/** sha256 in hexadecimal digits. */
export async function hashOf(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let start = 0; start < bytes.byteLength; start += chunkBytes) {
    hash.update(bytes.subarray(start, start + chunkBytes));
    if (start + chunkBytes < bytes.byteLength) await setImmediate();
  }
  return hash.digest('hex');
}

/**
 * A file's bytes in a buffer of their own, and their sha256.
 *
 * @returns nothing when there is no such file, or it has not the size that was expected
 * @param maxBytes - a larger file is not read
 */
export async function readWhole(
  path: string,
  { bytes: expected, maxBytes = Number.POSITIVE_INFINITY }: { bytes?: number; maxBytes?: number },
): Promise<{ bytes: Buffer; sha256: string } | undefined> {
  const file = await open(path, flags.O_RDONLY | (flags.O_NOFOLLOW ?? 0)).catch(() => undefined);
  if (!file) return undefined;
  try {
    const { size } = await file.stat();
    if (size > maxBytes || (expected !== undefined && size !== expected)) return undefined;
    const bytes = Buffer.from(new ArrayBuffer(size));
    const hash = createHash('sha256');
    for (let done = 0; done < size; ) {
      const { bytesRead } = await file.read(bytes, done, Math.min(chunkBytes, size - done), done);
      if (bytesRead === 0) return undefined; // somebody cut it meanwhile
      hash.update(bytes.subarray(done, done + bytesRead));
      done += bytesRead;
    }
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

/** Writes beside and renames: a reader sees the whole file or none, and two writers of one name do not meet. */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const part = `${path}.${randomBytes(6).toString('hex')}.part`;
  try {
    const file = await open(part, 'wx', 0o600);
    try {
      for (let done = 0; done < bytes.byteLength; ) {
        done += (await file.write(bytes, done, Math.min(chunkBytes, bytes.byteLength - done), done)).bytesWritten;
      }
    } finally {
      await file.close();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** Notes that a file was used now. */
export async function touch(path: string): Promise<boolean> {
  const now = new Date();
  return utimes(path, now, now).then(
    () => true,
    () => false,
  );
}

/** Deletes the cache's files that were not used for the longest time, until the others fit. Files of other names stay. */
export async function evict(folder: string, maxBytes: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => ownName.test(name));
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 })); // deleted meanwhile
      return { path, size, mtimeMs };
    }),
  );
  let total = files.reduce((sum, { size }) => sum + size, 0);
  for (const { path, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
    if (total <= maxBytes) return;
    await rm(path, { force: true });
    total -= size;
  }
}
