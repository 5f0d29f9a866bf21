import { createHash } from 'node:crypto';
import { mkdtemp, open, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WeightsError } from '@fsc-clip/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { download } from './download.js';
import { type FileServer, startFileServer } from './file-server.fixture.js';

const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) % 251);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const whole = { sizeBytes: bytes.length, sha256 };

let server: FileServer;
let folder: string;
let path: string;
beforeEach(async () => {
  server = await startFileServer(bytes);
  folder = await mkdtemp(join(tmpdir(), 'download-'));
  path = join(folder, 'deep', 'model.pt');
});
afterEach(async () => {
  vi.restoreAllMocks();
  await server.close();
  await rm(folder, { recursive: true });
});
const fetchIt = (expected: object = whole, options: object = {}) =>
  download('fetchPretrained', `${server.address}/model.pt`, path, expected, { pausesMs: [0, 0], ...options });
const isWhole = async () => Buffer.compare(await readFile(path), bytes) === 0;
const left = () => readdir(join(folder, 'deep'));
const ranges = () => server.requests.map(({ headers }) => headers.range);

describe('download', () => {
  it('brings the whole file, says how far it is, and leaves nothing beside it', async () => {
    const seen: { receivedBytes: number; totalBytes?: number }[] = [];
    await fetchIt(whole, { onProgress: (progress: (typeof seen)[number]) => seen.push(progress) });
    expect(await isWhole()).toBe(true);
    expect(await left()).toEqual(['model.pt']);
    expect(seen.at(-1)).toEqual({ receivedBytes: bytes.length, totalBytes: bytes.length });
    expect(seen.map((p) => p.receivedBytes)).toEqual(seen.map((p) => p.receivedBytes).toSorted((a, b) => a - b));
    await fetchIt();
    expect(server.requests.length).toBe(1); // it is there
  });

  it('goes on where transfers broke, however often, as long as something comes', async () => {
    server.manners.breaks = [100_000, 50_000, 50_000, 50_000];
    await fetchIt();
    expect(await isWhole()).toBe(true);
    expect(ranges()).toEqual([undefined, 'bytes=100000-', 'bytes=150000-', 'bytes=200000-', 'bytes=250000-']);
  });

  it('gives up when nothing comes, keeps the part, and goes on in a later call', async () => {
    server.manners.breaks = [100_000];
    server.manners.intercept = (_, response) => {
      if (server.requests.length === 1) return false;
      response.writeHead(503).end();
      return true;
    };
    await expect(fetchIt()).rejects.toThrow(
      'must be downloadable, got the answer 503. What came so far is kept: call again to go on, or name a `mirror`',
    );
    expect((await left()).toSorted()).toEqual(['model.pt.part', 'model.pt.part.etag']);
    server.manners.intercept = () => false;
    await fetchIt();
    expect(ranges().at(-1)).toBe('bytes=100000-');
    expect(await isWhole()).toBe(true);
  });

  it('starts again where the file changed, or the server has no parts, or does not name its state', async () => {
    for (const change of [{ etag: '"b"' }, { ranges: false }]) {
      Object.assign(server.manners, { etag: '"a"', ranges: true, breaks: [100_000, 0, 0] });
      await expect(fetchIt()).rejects.toThrow(WeightsError);
      Object.assign(server.manners, change);
      await fetchIt();
      expect(ranges().at(-1)).toBe('bytes=100000-');
      expect(await isWhole()).toBe(true);
      await rm(path);
    }
    for (const etag of [undefined, 'W/"a"']) {
      Object.assign(server.manners, { etag, ranges: true, breaks: [100_000] });
      await fetchIt();
      expect(ranges().slice(-2)).toEqual([undefined, undefined]);
      await rm(path);
    }
  });

  it('starts again where the part on disk is longer than the file', async () => {
    server.manners.breaks = [100_000, 0, 0];
    await expect(fetchIt()).rejects.toThrow('must be downloadable');
    await writeFile(`${path}.part`, new Uint8Array(bytes.length));
    await fetchIt();
    expect(await isWhole()).toBe(true);
  });

  it('deletes what is not the file', async () => {
    await expect(fetchIt({ sha256: '0'.repeat(64) })).rejects.toThrow(
      `must have the SHA-256 ${'0'.repeat(64)}, got ${sha256}. It was deleted.`,
    );
    expect(await left()).toEqual([]);
    await expect(fetchIt({ sizeBytes: 299_999 })).rejects.toThrow('must have 299999 bytes, got 300000');
    expect(await left()).toEqual([]);
  });

  it('believes what the hub says of a file that nobody published a SHA-256 of', async () => {
    server.manners.headers = { 'x-linked-etag': `"${'1'.repeat(64)}"` };
    await expect(fetchIt({})).rejects.toThrow(`must have the SHA-256 ${'1'.repeat(64)}`);
    server.manners.headers = { 'x-linked-size': '12' };
    await expect(fetchIt({})).rejects.toThrow('must have 12 bytes, got 300000');
    server.manners.headers = { 'x-linked-etag': `"${sha256}"`, 'x-linked-size': String(bytes.length) };
    await fetchIt({});
    expect((await stat(path)).size).toBe(bytes.length);
  });

  it('says what is wrong with an answer, once', async () => {
    server.manners.statuses = [404];
    await expect(fetchIt()).rejects.toThrow(
      'model.pt` must be there, got the answer 404. It may have moved: download it by hand and pass the file (`file`), or name a `mirror`',
    );
    server.manners.statuses = [403];
    await expect(fetchIt()).rejects.toThrow('The server wants to know who you are');
    server.manners.headers = { 'content-encoding': 'br' };
    await expect(fetchIt()).rejects.toThrow('must come as it is, got a compressed answer');
    expect(server.requests.length).toBe(3);
    server.manners.intercept = (_, response) => {
      response.writeHead(200, { 'transfer-encoding': 'chunked' }).end('no length');
      return true;
    };
    await expect(fetchIt({})).rejects.toThrow('must say its length, or have a known SHA-256');
    await server.close();
    await expect(fetchIt()).rejects.toThrow(/must be downloadable, got a broken connection \(.*ECONNREFUSED/);
  });

  it('follows five redirects, and never from https to http', async () => {
    let redirects = 5;
    server.manners.intercept = (path, response) => {
      const count = Number(/^\/(\d+)$/.exec(path)?.[1] ?? 0);
      if (count === redirects) return false;
      response.writeHead(302, { location: `/${count + 1}`, 'x-linked-size': String(bytes.length) }).end();
      return true;
    };
    await fetchIt();
    expect(server.requests.length).toBe(6);
    await rm(path);
    redirects = 6;
    await expect(fetchIt()).rejects.toThrow('must redirect at most 5 times, got more');
    const answer = () => Promise.resolve(new Response(null, { status: 302, headers: { location: 'http://127.0.0.1/model.pt' } }));
    const secure = download('fetchPretrained', 'https://example.com/model.pt', path, whole, { fetch: answer });
    await expect(secure).rejects.toThrow('must stay on https, got http:');
    for (const location of ['file:///etc/passwd', 'http://[']) {
      server.manners.intercept = (_, response) => {
        response.writeHead(302, { location }).end();
        return true;
      };
      await expect(fetchIt()).rejects.toThrow(/must (stay on https, got file:|redirect to an address)/);
    }
  });

  it('says when the disk is full, before or while it writes, and keeps what it has', async () => {
    await expect(fetchIt({ sizeBytes: 49e15 })).rejects.toThrow('must have 49000000000000000 bytes, got 300000');
    server.manners.headers = { 'content-length': '40000000000000' };
    await expect(fetchIt({})).rejects.toThrow('must have at most 50000000000 bytes');
    server.manners.headers = {};
    const probe = await open(join(folder, 'probe'), 'w');
    const handle = Object.getPrototypeOf(probe) as typeof probe;
    await probe.close();
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    const write = vi.spyOn(handle, 'write').mockRejectedValueOnce(full);
    await expect(fetchIt()).rejects.toThrow(
      /must be written to disk, got ENOSPC: no space left on device, write\. Make room there; what came so far is kept in .*model\.pt\.part$/,
    );
    expect(write).toHaveBeenCalledTimes(1);
    await fetchIt();
    expect(await isWhole()).toBe(true);
  });

  it('stops when it is told to, also after a garbage collection, and goes on later', async () => {
    setFlagsFromString('--expose-gc');
    const collectGarbage = runInNewContext('gc') as () => void;
    const stop = new AbortController();
    const onProgress = ({ receivedBytes }: { receivedBytes: number }) => {
      if (receivedBytes <= 60_000) return;
      collectGarbage();
      stop.abort(new Error('enough'));
      setTimeout(collectGarbage);
    };
    await expect(fetchIt(whole, { signal: stop.signal, onProgress })).rejects.toThrow('enough');
    expect((await left()).toSorted()).toEqual(['model.pt.part', 'model.pt.part.etag']);
    await fetchIt();
    expect(Number(/\d+/.exec(ranges().at(-1)!)![0])).toBeGreaterThan(60_000);
    expect(await isWhole()).toBe(true);
  });

  it('downloads once when two ask at the same time, and takes over the lock of a process that died', async () => {
    await Promise.all([fetchIt(), fetchIt(), fetchIt()]);
    expect(server.requests.length).toBe(1);
    await rm(path);
    await writeFile(`${path}.lock`, '1');
    const long = new Date(Date.now() - 120_000);
    await utimes(`${path}.lock`, long, long);
    await fetchIt();
    expect(await left()).toEqual(['model.pt']);
  });
});
