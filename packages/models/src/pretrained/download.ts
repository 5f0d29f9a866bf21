import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { WeightsError } from '@fsc-clip/core';
import { type Refuse, reason, refuser } from '../files/refuse.js';
import { discard, type ExpectedFile, makeRoom, partOf, sizeOf, stateOf, verify } from './part-file.js';
import { type DownloadProgress, receive } from './receive.js';
import { type FileAnswer, request, wholeNumber } from './request.js';
import { stallSignal } from './stall-signal.js';
import { withLock } from './with-lock.js';

/** Options of `download`. */
export interface DownloadOptions {
  /** Called for every piece that comes. @defaultValue nothing is called */
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** Stops the download; what came stays, and is gone on with next time. @defaultValue none */
  readonly signal?: AbortSignal;
  /** In place of the global one, e.g. with a proxy. @defaultValue globalThis.fetch */
  readonly fetch?: typeof fetch;
}

/** Between attempts after a broken transfer, in ms: the connection may be back soon, or a little later. */
const pausesMs = [0, 1000, 4000, 16_000];
/** Far above any CLIP. */
const largestFile = 50e9;

/**
 * Fetches a file to `path`. It grows beside its place (`….part`) and is renamed when its size and, where it is known, its SHA-256 are
 * right. A broken transfer goes on where it stopped, in this call and in later ones, if the server can send parts and the file did not
 * change there; otherwise it starts again.
 *
 * @throws WeightsError of the function `caller`, about `address`, that says what to do
 */
export async function download(
  caller: string,
  address: string,
  path: string,
  expected: ExpectedFile,
  options: DownloadOptions & { readonly pausesMs?: readonly number[] } = {},
): Promise<void> {
  const refuse = refuser(caller, address);
  const pauses = options.pausesMs ?? pausesMs;
  try {
    await mkdir(dirname(path), { recursive: true });
    await withLock(`${path}.lock`, options.signal, async () => {
      if (await exists(path)) return; // another process was faster
      let furthest = await sizeOf(partOf(path));
      for (let failures = 0; ; ) {
        const broken = await attempt(address, path, expected, options, refuse);
        if (broken === undefined) return;
        // A connection that breaks again and again still comes to the end, as long as it gets further in between.
        const size = await sizeOf(partOf(path));
        failures = size > furthest ? 0 : failures + 1;
        furthest = Math.max(furthest, size);
        const pause = pauses[failures];
        if (pause === undefined)
          refuse('must be downloadable', broken, { hint: 'What came so far is kept: call again to go on, or name a `mirror`' });
        await sleep(pause, undefined, { ...(options.signal && { signal: options.signal }) });
      }
    });
  } catch (cause) {
    if (cause instanceof WeightsError || options.signal?.aborted) throw cause;
    const full = (cause as NodeJS.ErrnoException).code === 'ENOSPC';
    const hint = full
      ? `Make room there; what came so far is kept in ${partOf(path)}`
      : `It is written to ${path}: FSC_CLIP_CACHE names another folder`;
    refuse('must be written to disk', reason(cause), { cause, hint });
  }
}

/** One transfer. @returns why it broke; undefined when the file is there */
async function attempt(
  address: string,
  path: string,
  expected: ExpectedFile,
  options: DownloadOptions,
  refuse: Refuse,
): Promise<string | undefined> {
  const [part, state] = [partOf(path), stateOf(path)];
  const etag = await readFile(state, 'utf8').catch(() => undefined);
  const have = etag === undefined ? 0 : await sizeOf(part);
  const range: Record<string, string> = have > 0 && etag !== undefined ? { range: `bytes=${have}-`, 'if-range': etag } : {};
  const stall = stallSignal(options.signal);
  let response: FileAnswer;
  try {
    response = await request(address, range, stall.signal, options.fetch ?? fetch, refuse);
  } catch (cause) {
    stall.clear();
    options.signal?.throwIfAborted();
    if (cause instanceof WeightsError) throw cause;
    return `a broken connection (${reason((cause as Error).cause ?? cause)})`;
  }
  try {
    if (response.status === 416) {
      await discard(path);
      return 'a refusal to go on';
    }
    if (response.status === 408 || response.status === 429 || response.status >= 500) return `the answer ${response.status}`;
    if (response.status !== 200 && response.status !== 206) refuseStatus(response.status, refuse);
    if ((response.headers.get('content-encoding') ?? 'identity') !== 'identity') refuse('must come as it is', 'a compressed answer');
    const from = response.status === 206 ? rangeStart(response.headers) : 0;
    if (from !== 0 && from !== have) {
      await discard(path);
      return 'another part than asked for';
    }
    const total = totalOf(response, from, { ...response.linked, ...expected }, refuse);
    await makeRoom(part, total, from, refuse);
    const newState = response.headers.get('etag');
    if (from === 0) {
      await discard(path);
      if (newState !== null && !newState.startsWith('W/')) await writeFile(state, newState);
    }
    const broken = await receive(response.body, part, from, total, largestFile, options, stall);
    if (broken !== undefined) return broken;
    await verify(path, { ...response.linked, ...expected }, refuse);
    await rename(part, path);
    await rm(state, { force: true });
    return undefined;
  } finally {
    stall.clear();
    await response.body?.cancel().catch(() => undefined); // where it was not read
  }
}

function refuseStatus(status: number, refuse: Refuse): never {
  const hints: Readonly<Record<number, string>> = {
    401: 'The server wants to know who you are: download it by hand and pass the file (`file`)',
    403: 'The server wants to know who you are: download it by hand and pass the file (`file`)',
    404: 'It may have moved: download it by hand and pass the file (`file`), or name a `mirror`',
    410: 'It may have moved: download it by hand and pass the file (`file`), or name a `mirror`',
  };
  const hint = hints[status];
  return refuse('must be there', `the answer ${status}`, { ...(hint !== undefined && { hint }) });
}

/** The first byte of a part. */
function rangeStart(headers: Headers): number | undefined {
  return wholeNumber(/^bytes (\d+)-\d+\//.exec(headers.get('content-range') ?? '')?.[1] ?? null);
}

/** The whole file's bytes: as the server says, which must be as it is known. */
function totalOf({ headers }: FileAnswer, from: number, { sizeBytes, sha256 }: ExpectedFile, refuse: Refuse): number | undefined {
  const length = wholeNumber(headers.get('content-length'));
  const total = length === undefined ? undefined : from + length;
  if (total !== undefined && sizeBytes !== undefined && total !== sizeBytes) refuse(`must have ${sizeBytes} bytes`, String(total));
  if ((total ?? 0) > largestFile) refuse(`must have at most ${largestFile} bytes`, String(total));
  if (total === undefined && sizeBytes === undefined && sha256 === undefined)
    refuse('must say its length, or have a known SHA-256: a broken file could not be told from a whole one', 'neither');
  return total ?? sizeBytes;
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
