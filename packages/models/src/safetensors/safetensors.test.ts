import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WeightsError } from '@fsc-clip/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decode, type FileDType } from '../numbers/file-dtypes.js';
import { parseHeader } from './header.js';
import { readSafetensors } from './read-safetensors.js';
import { writeSafetensors } from './write-safetensors.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'safetensors-'));
});
afterAll(() => rm(folder, { recursive: true }));

function parse(json: string | object, dataBytes: number) {
  return parseHeader('m', new TextEncoder().encode(typeof json === 'string' ? json : JSON.stringify(json)), dataBytes);
}
const f32 = (shape: number[], begin: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });

describe('parseHeader', () => {
  it('reads entries and metadata, scalars and empty tensors, in any order, whatever their names', () => {
    const { entries, metadata } = parse(
      { __metadata__: { format: 'pt' }, b: f32([], 8, 12), a: f32([2], 0, 8), empty: f32([0, 3], 8, 8), constructor: f32([1], 12, 16) },
      16,
    );
    expect(metadata['format']).toBe('pt');
    expect(entries['b']).toEqual({ dtype: 'F32', shape: [], begin: 8, end: 12 });
    expect(Object.keys(entries)).toEqual(['b', 'a', 'empty', 'constructor']);
    const odd = parse('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}  ', 1).entries;
    expect(Object.entries(odd)).toEqual([['__proto__', { dtype: 'U8', shape: [1], begin: 0, end: 1 }]]);
    expect(parse({}, 0).entries['toString']).toBeUndefined();
  });

  it.each<[what: string, json: string | object, dataBytes: number, message: string]>([
    ['no JSON', '{', 0, 'm` must have a JSON header'],
    ['an array', '[]', 0, 'must have a header that is a JSON object'],
    ['a blank first', ' {}', 0, 'must have a header that is a JSON object'],
    ['metadata of numbers', { __metadata__: { a: 1 } }, 0, 'must have `__metadata__` of strings'],
    ['a hole', { a: f32([1], 4, 8) }, 8, 'must hold `a` at byte 0, where the one before it ends, got byte 4'],
    ['an overlap', { a: f32([2], 0, 8), b: f32([1], 4, 8) }, 8, 'must hold `b` at byte 8'],
    ['bytes behind', { a: f32([1], 0, 4) }, 5, 'must hold 4 bytes after its header, got 5'],
    ['bytes missing', { a: f32([1], 0, 4) }, 3, 'must hold 4 bytes after its header, got 3'],
    ['a wrong size', { a: f32([3], 0, 8) }, 8, 'must describe `a` fully, got 8 bytes for F32 [3]'],
    ['an unknown dtype', { a: { dtype: 'F8_E4M3', shape: [1], data_offsets: [0, 1] } }, 1, 'got dtype "F8_E4M3"'],
    ['a dtype of Object', { a: { dtype: 'toString', shape: [1], data_offsets: [0, 1] } }, 1, 'got dtype "toString"'],
    ['a negative size', { a: f32([-1, -1], 0, 4) }, 4, 'got shape [-1,-1]'],
    ['a fraction', { a: f32([0.5, 2], 0, 4) }, 4, 'got shape [0.5,2]'],
    ['no offsets', { a: { dtype: 'F32', shape: [] } }, 4, 'got data_offsets undefined'],
    ['three offsets', { a: { dtype: 'F32', shape: [], data_offsets: [0, 4, 8] } }, 4, 'got data_offsets [0,4,8]'],
    ['no entry', { a: null }, 0, 'must describe `a` fully, got null'],
    [
      'a name twice',
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"\\u0061":{"dtype":"I32","shape":[1],"data_offsets":[0,4]}}',
      4,
      'must name every tensor once, got `a` twice',
    ],
  ])('refuses %s', (_, json, dataBytes, message) => {
    expect(() => parse(json, dataBytes)).toThrow(WeightsError);
    expect(() => parse(json, dataBytes)).toThrow(message);
  });

  it('neither overflows nor hangs on what is long or deep', () => {
    expect(parse({ __metadata__: { note: 'x\\"'.repeat(5e6) } }, 0).metadata['note']).toHaveLength(1.5e7);
    expect(() => parse(`{"a":${'['.repeat(1e6)}${']'.repeat(1e6)}}`, 0)).toThrow('must have a JSON header, got more than 3 levels');
    expect(() => parse('{"a', 0)).toThrow('a string without end at character 1');
  });

  it('refuses broken UTF-8', () => {
    expect(() => parseHeader('m', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]), 0)).toThrow('must have a JSON header');
  });
});

describe('decode', () => {
  const buffer = (...bytes: number[]) => new Uint8Array(bytes).buffer;
  it.each<[FileDType, ArrayBuffer, number[]]>([
    ['F32', buffer(0, 0, 0x80, 0x3f), [1]],
    ['F64', new Float64Array([-2.5]).buffer, [-2.5]],
    ['F16', buffer(0, 0x3c), [1]],
    ['BF16', buffer(0x80, 0xbf), [-1]],
    ['I64', new BigInt64Array([-3n]).buffer, [-3]],
    ['I32', new Int32Array([-3]).buffer, [-3]],
    ['I16', new Int16Array([-3]).buffer, [-3]],
    ['I8', buffer(0xfd), [-3]],
    ['U32', new Uint32Array([7]).buffer, [7]],
    ['U16', new Uint16Array([65535]).buffer, [65535]],
    ['U8', buffer(255), [255]],
    ['BOOL', buffer(0, 1), [0, 1]],
  ])('%s', (dtype, bytes, expected) => expect([...decode(dtype, bytes)]).toEqual(expected));

  it('refuses integers beyond 32 bits', () => {
    expect(() => decode('I64', new BigInt64Array([2n ** 31n]).buffer)).toThrow('2147483648 does not fit 32 bits');
    expect(() => decode('U32', new Uint32Array([2 ** 32 - 1]).buffer)).toThrow('does not fit');
  });
});

describe('readSafetensors', () => {
  it.each<[string, Uint8Array, string]>([
    ['empty', new Uint8Array(0), 'must begin with the length of its header, got 0 bytes'],
    ['short', new Uint8Array([9, 0, 0, 0, 0, 0, 0, 0, 0x7b]), 'must have a header of at most 1 bytes, got 9'],
  ])('refuses a file that is %s', async (name, bytes, message) => {
    const path = join(folder, name);
    await writeFile(path, bytes);
    await expect(readSafetensors(path)).rejects.toThrow(message);
  });

  it('refuses what is no file', async () => {
    await expect(readSafetensors(folder)).rejects.toThrow('must be a file');
    await expect(readSafetensors(join(folder, 'absent'))).rejects.toThrow('must be a readable file, got ENOENT');
  });
});

describe('writeSafetensors', () => {
  it('writes what is read back, larger elements first, the buffer at a multiple of 8', async () => {
    const path = join(folder, 'model.safetensors');
    const sources = [
      { name: 'bytes', dtype: 'U8', shape: [3], bytes: async () => new Uint8Array([1, 2, 3]) },
      { name: '__proto__', dtype: 'F32', shape: [], bytes: async () => new Uint8Array(new Float32Array([1.5]).buffer) },
      { name: '0', dtype: 'I32', shape: [1, 1], bytes: async () => new Uint8Array(new Int32Array([-7]).buffer) },
    ] as const;
    await writeSafetensors('saveWeights', path, sources, { note: 'é' });
    const file = await readSafetensors(path);
    expect(file.metadata['note']).toBe('é');
    expect(file.entries['0']?.begin).toBe(0); // '0' < '__proto__', 4 bytes each, then the bytes
    expect(file.entries['bytes']?.begin).toBe(8);
    expect(await file.read('__proto__')).toEqual({ data: new Float32Array([1.5]), shape: [] });
    expect(await file.read('0')).toEqual({ data: new Int32Array([-7]), shape: [1, 1] });
    expect(await file.read('bytes')).toEqual({ data: new Uint8Array([1, 2, 3]), shape: [3] });
    await expect(file.read('toString')).rejects.toThrow('must hold `toString`, got no such tensor');
    await file.close();
  });

  it('leaves the old file and nothing else when it fails', async () => {
    const path = join(folder, 'kept.safetensors');
    await writeFile(path, 'old');
    const failing = { name: 'a', dtype: 'F32', shape: [2], bytes: async () => new Uint8Array(4) } as const;
    await expect(writeSafetensors('saveWeights', path, [failing], {})).rejects.toThrow('must be writable, got a has 4 bytes instead of 8');
    expect((await readdir(folder)).filter((name) => name.startsWith('kept'))).toEqual(['kept.safetensors']);
  });
});
