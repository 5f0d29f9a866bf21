import '@tensorflow/tfjs';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { add, gather, mul, range, type Scalar, square, sub, sum, type Tensor, tensor1d } from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CacheOptions, defaultCacheFolder, type JitOptions, jit } from '../index.js';
import { decodeEntry } from './entry.js';
import { entryName, type ProgramIdentity } from './entry-name.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fsc-clip-cache-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const host = (...values: number[]) => ({ data: Float32Array.from(values), shape: [values.length] });
const frozen = mul(range(0, 5000), 0.5); // 20 kB: a file of its own
let traces = 0;

const look = (row: Tensor, scale: Scalar) => {
  traces++;
  return mul(gather(frozen, row), scale);
};

/** Rows 4999 and 2 of the frozen array, times 3, by a function compiled anew, and whether it was traced. */
async function lookUp(options: Partial<CacheOptions> = {}) {
  const before = traces;
  const compiled = jit(look, { cache: { key: 'look', folder, ...options } });
  const result = await compiled({ data: Int32Array.of(4999, 2), shape: [2] }, 3);
  const numbers = [...(await result.read())];
  await compiled.dispose();
  return { numbers, traced: traces > before };
}

const traced = { numbers: [7498.5, 3], traced: true };
const found = { numbers: [7498.5, 3], traced: false };
const files = async (ending: string) => (await readdir(folder)).filter((name) => name.endsWith(ending)).map((name) => join(folder, name));

describe('a program on disk', () => {
  it('is taken instead of a trace, by another compiled function too', async () => {
    expect(await lookUp()).toEqual(traced);
    expect(await lookUp()).toEqual(found);
  });

  it('gives the same numbers with state updated in place, and the same tree, whatever its names', async () => {
    type State = { w: Tensor; m: Tensor };
    let count = 0;
    const step = ({ w, m }: State, x: Tensor) => {
      count++;
      const moment = add(mul(m, 0.9), mul(sub(w, x), 0.1));
      const odd = Object.defineProperty({ none: undefined, nothing: null, nan: Number.NaN, zero: -0 }, '__proto__', {
        value: { loss: sum(square(sub(w, x))) },
        enumerable: true,
      });
      return { state: { w: sub(w, mul(moment, 0.05)), m: moment }, odd };
    };
    const run = async (options: JitOptions) => {
      const compiled = jit(step, { donate: [0], ...options });
      let { state, odd } = await compiled({ w: host(1, 2, 3), m: host(0, 0, 0) }, host(4, 4, 4));
      ({ state, odd } = await compiled(state, host(4, 4, 4)));
      const { loss } = Object.values(odd).at(-1) as unknown as { loss: typeof state.w };
      const arrays = [state.w, state.m, loss];
      const numbers = await Promise.all(arrays.map(async (array) => [...(await array.read())]));
      await compiled.dispose();
      return {
        numbers,
        static: [odd.none, odd.nothing, odd.nan, odd.zero],
        prototype: Object.getPrototypeOf(odd),
        names: Object.keys(odd),
      };
    };
    const plain = await run({});
    const cache = { key: 'step', folder };
    expect(await run({ cache })).toEqual(plain);
    expect(count).toBe(2);
    const again = await run({ cache });
    expect(count).toBe(2);
    expect(again).toEqual(plain);
    expect(again.static).toEqual([undefined, null, Number.NaN, -0]);
    expect([again.prototype, again.names]).toEqual([null, ['none', 'nothing', 'nan', 'zero', '__proto__']]);
  });

  it('has another name for everything that decides what it is', () => {
    const identity: ProgramIdentity = {
      key: 'a',
      fn: look,
      device: 'cpu',
      precision: 'fp32',
      prepack: true,
      donate: [0],
      described: '[*] float32[2]',
    };
    const others: Partial<ProgramIdentity>[] = [
      { key: 'b' },
      { fn: (row: Tensor) => gather(frozen, row) },
      { device: 'webgpu' },
      { precision: 'fp16' },
      { prepack: false },
      { donate: [] },
      { donate: [0, 1] },
      { described: '[*] float32[3]' },
      { key: 'a","b' },
    ];
    const names = [{}, ...others].map((other) => entryName({ ...identity, ...other }));
    expect(new Set(names).size).toBe(others.length + 1);
    expect(entryName({ ...identity, donate: [1, 0, 0] })).toBe(entryName({ ...identity, donate: [0, 1] }));
  });

  it('shares constants with other programs', async () => {
    await lookUp();
    await lookUp({ key: 'another' });
    expect(await files('.program')).toHaveLength(2);
    expect(await files('.constant')).toHaveLength(1);
  });

  it('may be written by several at once', async () => {
    const written = await Promise.all(Array.from({ length: 4 }, () => lookUp()));
    expect(written.map(({ numbers }) => numbers)).toEqual(Array(4).fill(found.numbers));
    expect(await readdir(folder)).toHaveLength(2); // and no part of a file
    expect(await lookUp()).toEqual(found);
  });
});

describe('what is damaged', () => {
  const damages: Record<string, (bytes: Buffer) => Buffer> = {
    empty: () => Buffer.alloc(0),
    truncated: (bytes) => bytes.subarray(0, -1),
    longer: (bytes) => Buffer.concat([bytes, Buffer.of(0)]),
    'one bit off': (bytes) => {
      bytes[bytes.length >> 1]! ^= 1;
      return bytes;
    },
  };
  const cases = ['.program', '.constant'].flatMap((ending) => Object.keys(damages).map((damage) => [ending, damage] as const));

  it.each(cases)('a %s that is %s is compiled anew', async (ending, damage) => {
    await lookUp();
    const [path] = await files(ending);
    await writeFile(path!, damages[damage]!(await readFile(path!)));
    expect(await lookUp()).toEqual(traced);
    expect(await lookUp()).toEqual(found);
  });

  it('a missing constant, and an entry that belongs to another program', async () => {
    await lookUp();
    await rm((await files('.constant'))[0]!);
    expect(await lookUp()).toEqual(traced);
    const [own] = await files('.program');
    const other = jit((row: Tensor) => gather(frozen, row), { cache: { key: 'other', folder } });
    await other({ data: Int32Array.of(1, 1), shape: [2] });
    await other.dispose();
    await copyFile((await files('.program')).find((path) => path !== own)!, own!);
    expect(await lookUp()).toEqual(traced);
  });

  it('names that could be paths are refused, hash or not', () => {
    const entry = 'e'.repeat(64);
    const forge = (sha256: string) => {
      const header = {
        entry,
        modelBytes: 0,
        constants: [{ name: 'c', sha256, bytes: 4 }],
        program: { outputs: [] },
        call: {},
        result: '*',
      };
      const json = Buffer.from(JSON.stringify(header));
      const length = Buffer.alloc(4);
      length.writeUInt32LE(json.byteLength);
      const body = Buffer.concat([length, json]);
      return Buffer.concat([createHash('sha256').update(body).digest(), body]);
    };
    expect(decodeEntry(entry, forge('a'.repeat(64)))?.constants).toHaveLength(1);
    expect(decodeEntry(entry, forge('../../etc/passwd'))).toBeUndefined();
    expect(decodeEntry('f'.repeat(64), forge('a'.repeat(64)))).toBeUndefined();
  });
});

describe('the folder', () => {
  it.skipIf(process.platform === 'win32')('is private', async () => {
    const made = join(folder, 'deep', 'programs');
    await lookUp({ folder: made });
    expect((await stat(made)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(made)) expect((await stat(join(made, name))).mode & 0o777).toBe(0o600);
  });

  it.skipIf(process.platform === 'win32')('is not used, with a warning, when it is no folder or others can write in it', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const file = join(folder, 'file');
    await writeFile(file, '');
    expect(await lookUp({ folder: file })).toEqual(traced);
    await chmod(folder, 0o777);
    expect(await lookUp()).toEqual(traced);
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      expect.stringContaining(`the cache of programs in ${file} is not used: EEXIST`),
      expect.stringContaining(`others can write in ${folder}`),
    ]);
  });

  it('keeps what was used last, and what is not its own', async () => {
    await writeFile(join(folder, 'thesis.txt'), Buffer.alloc(30_000));
    await lookUp();
    await lookUp({ key: 'second' });
    const second = (await files('.program')).length;
    for (const path of await files('.program')) await utimes(path, 1, 1);
    expect(await lookUp()).toEqual(found); // used now
    const { size } = await stat((await files('.program'))[0]!);
    expect(await lookUp({ key: 'third', maxBytes: 20_000 + 2.5 * size })).toEqual(traced);
    expect([second, (await files('.program')).length]).toEqual([2, 2]);
    expect(await lookUp()).toEqual(found);
    expect(await lookUp({ key: 'second' })).toEqual(traced);
    expect(await readdir(folder)).toContain('thesis.txt');
  });

  it('does not take a program that is larger than it', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    expect(await lookUp({ maxBytes: 1000 })).toEqual(traced);
    expect(await readdir(folder)).toEqual([]);
    expect(String(warn.mock.calls[0]![0])).toContain('the program is larger than 1000 bytes (cache.maxBytes)');
  });

  it('stands in the folder of the system for such files', () => {
    vi.stubEnv('FSC_CLIP_CACHE', folder);
    expect(defaultCacheFolder()).toBe(join(folder, 'programs'));
    vi.unstubAllEnvs();
  });

  it.each([
    [{ key: '' }, 'jit: `cache.key` must say what the function computes and captures, got '],
    [{ key: 'a', folder: '' }, 'jit: `cache.folder` must be the path of a folder, got '],
    [{ key: 'a', maxBytes: 0 }, 'jit: `cache.maxBytes` must be greater than 0, got 0'],
  ])('options %j are refused', (cache, message) => {
    expect(() => jit(() => tensor1d([1]), { cache })).toThrow(message);
  });
});
