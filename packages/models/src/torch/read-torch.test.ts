import { mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WeightsError } from '@fsc-clip/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PositionedFile } from '../files/open-file.js';
import {
  pickleConstant,
  pickleDict,
  pickled,
  pickleFloat,
  pickleInteger,
  pickleList,
  pickleTensor,
  pickleText,
  pickleTuple,
} from './pickle.js';
import { readTorch } from './read-torch.js';
import { findStateDict } from './state-dict.js';
import { opcodes, writeArchive, writeEntries } from './torch-archive.fixture.js';
import type { TorchDict, TorchTensor, TorchValue } from './torch-value.js';
import { localHeader, zipDirectory } from './write-zip.js';
import { locateEntry, readZipDirectory } from './zip-directory.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'torch-'));
});
afterAll(() => rm(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

/** What an archive around this pickle holds. */
async function opened(pickle: Parameters<typeof writeArchive>[1], storages: readonly Uint8Array[] = [], options = {}) {
  await writeArchive(at('a.pt'), pickle, storages);
  const file = await readTorch(at('a.pt'), options);
  await file.close();
  return file;
}
const value = async (...args: Parameters<typeof opened>): Promise<TorchValue> => (await opened(...args)).value;
const float32 = (...numbers: number[]) => new Uint8Array(new Float32Array(numbers).buffer);

/** `_rebuild_tensor_v2(storage, offset, size, stride, …)` over `data/0`, which holds `elements` float32. */
function rebuilt(elements: number, offset: number, size: readonly number[], stride: readonly number[]): Uint8Array {
  const integers = (values: readonly number[]) => pickleTuple(values.map(pickleInteger));
  const id = pickleTuple([
    pickleText('storage'),
    [opcodes('ctorch\nFloatStorage\n')],
    pickleText('0'),
    pickleText('cpu'),
    pickleInteger(elements),
  ]);
  const args = pickleTuple([
    [...id, opcodes('Q')],
    pickleInteger(offset),
    integers(size),
    integers(stride),
    pickleConstant(false),
    pickleConstant(null),
  ]);
  return pickled([opcodes('ctorch._utils\n_rebuild_tensor_v2\n'), ...args, opcodes('R')]);
}

describe('readTorch', () => {
  it('reads what pickle.ts writes', async () => {
    const root = pickleDict([
      [
        pickleText('é'),
        pickleList([pickleInteger(-1), pickleInteger(2 ** 40), pickleFloat(0.1), pickleConstant(null), pickleConstant(true)]),
      ],
      [pickleInteger(7), pickleTensor('0', 'F32', [1, 2])],
    ]);
    await writeArchive(at('a.pt'), root, [float32(1.5, -2)]);
    const file = await readTorch(at('a.pt'));
    const dict = file.value as TorchDict;
    expect(dict.get('é')).toEqual([-1, 2 ** 40, 0.1, null, true]);
    expect(await file.read(dict.get(7) as TorchTensor)).toEqual({ data: new Float32Array([1.5, -2]), shape: [1, 2] });
    await file.close();
  });

  it('reads the opcodes of protocol 4 and of large files', async () => {
    const protocol4 =
      '\x80\x04\x95\x00\x00\x00\x00\x00\x00\x00\x00}\x94\x8c\x01a\x94C\x02xy\x94s\x8c\x01b\x8c\x0bcollections\x8c\x0bOrderedDict\x93)Rs.';
    expect(await value(opcodes(protocol4))).toEqual(
      new Map<string, unknown>([
        ['a', opcodes('xy')],
        ['b', new Map()],
      ]),
    );
    expect(await value(opcodes('\x80\x02(K\x01K\x02l.'))).toEqual([1, 2]);
    expect(await value(opcodes('\x80\x02](K\x01K\x02er\xff\xff\xff\xffj\xff\xff\xff\xffa.'))).toHaveLength(3); // a list that holds itself
    expect(await value(opcodes('\x80\x02(K\x05K\x06d.'))).toEqual(new Map([[5, 6]]));
    expect(await value(opcodes('\x80\x02K\x01(K\x02(000.'))).toBe(1);
  });

  it.each<[what: string, pickle: string, message: RegExp]>([
    ['a function', '\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.', /got os\.system\. Nothing of the file was run/],
    ['a function by protocol 4', '\x80\x04\x8c\x08builtins\x8c\x04eval\x93.', /got builtins\.eval/],
    ['a name that would draw on a terminal', '\x80\x02cos\n\x1b[2J\n.', /got os\.\\u001b\[2J/],
    ['a name of a megabyte', `\x80\x02cos\n${'x'.repeat(1e6)}\n.`, /xxx…/],
    ['float8', '\x80\x02ctorch\nfloat8_e4m3fn\n.', /torch\.float8_e4m3fn\. Element types below 16 bits are not read/],
    ['a call of a list', '\x80\x02])R.', /a call of what is no function/],
    [
      'a call with other arguments',
      '\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.',
      /must call `torch\._utils\._rebuild_tensor_v2` as PyTorch does/,
    ],
    ['a call of an element type', '\x80\x02ctorch\nfloat32\n)R.', /must call `torch\.float32`/],
    ['an unknown opcode', '\x80\x02\xff', /opcode 255/],
    ['no end', '\x80\x02N', /must hold a whole pickle/],
    ['values left over', '\x80\x02NN.', /values left over/],
    ['nothing', '\x80\x02.', /values left over, or none/],
    ['a mark left over', '\x80\x02(.', /values left over/],
    ['no mark', '\x80\x02t.', /no mark/],
    ['odd items', '\x80\x02}(K\x01u.', /no dictionary/],
    ['items of a list', '\x80\x02]K\x01K\x01s.', /no dictionary/],
    ['items appended to a number', '\x80\x02K\x01K\x01a.', /no list/],
    ['too few values', '\x80\x02K\x01\x86.', /too few values/],
    ['an unknown memo', '\x80\x02h\x05.', /that was not stored/],
    ['a long text', '\x80\x02X\xff\xff\xff\xffabc.', /inside a value of 4294967295 bytes/],
    ['a text that is no UTF-8', '\x80\x02X\x01\x00\x00\x00\xff.', /UTF-8/],
    ['a state without object', '\x80\x02K\x01Nb.', /the state of what is no object/],
    ['protocol 6', '\x80\x06N.', /a protocol above 5/],
    ['a storage that is none', '\x80\x02K\x01Q.', /must describe storages as PyTorch does/],
    [
      'a big-endian number of numpy',
      '\x80\x02cnumpy.core.multiarray\nscalar\ncnumpy\ndtype\nX\x02\x00\x00\x00f8\x85R(K\x03X\x01\x00\x00\x00>tbC\x0801234567\x86R.',
      /must call `numpy\.core/,
    ],
  ])('refuses %s', async (_, pickle, message) => {
    await expect(value(opcodes(pickle))).rejects.toThrow(WeightsError);
    await expect(value(opcodes(pickle))).rejects.toThrow(message);
  });

  it('keeps unknown objects as placeholders when told to, and runs nothing', async () => {
    const system = '\x80\x02}X\x01\x00\x00\x00acos\nsystem\nX\x02\x00\x00\x00ls\x85Rs.';
    const root = (await value(opcodes(system), [], { ignoreObjects: true })) as TorchDict;
    expect(root.get('a')).toEqual({ kind: 'object', className: 'os.system', state: null });
  });

  it.each<[what: string, pickle: Uint8Array, message: string]>([
    ['a view behind its storage', rebuilt(4, 3, [2], [1]), 'must call `torch._utils._rebuild_tensor_v2` as PyTorch does'],
    ['a view before it', rebuilt(4, -1, [1], [1]), 'as PyTorch does'],
    ['a storage larger than its entry', rebuilt(5, 0, [1], [1]), 'must hold 5 numbers F32 in `archive/data/0`, got 16 bytes'],
    ['a number repeated to fill memory', rebuilt(4, 0, [2 ** 31], [0]), 'bytes more than 2 times in tensors'],
    [
      'sizes whose product is no number',
      rebuilt(
        4,
        0,
        Array.from({ length: 40 }, () => 2 ** 40),
        Array.from({ length: 40 }, () => 0),
      ),
      'more than 2 times',
    ],
    ['more strides than sizes', rebuilt(4, 0, [2], [1, 1]), 'as PyTorch does'],
  ])('refuses %s', async (_, pickle, message) => {
    await expect(value(pickle, [float32(1, 2, 3, 4)])).rejects.toThrow(message);
  });

  it('reads views: strided, repeated, empty, of absurd sizes', async () => {
    const read = async (...view: Parameters<typeof rebuilt>) => {
      await writeArchive(at('v.pt'), rebuilt(...view), [float32(0, 1, 2, 3, 4, 5)]);
      const file = await readTorch(at('v.pt'));
      const { data } = await file.read(file.value as TorchTensor);
      await file.close();
      return [...data];
    };
    expect(await read(6, 1, [2, 2], [1, 2])).toEqual([1, 3, 2, 4]);
    expect(await read(6, 4, [2, 3], [1, 0])).toEqual([4, 4, 4, 5, 5, 5]);
    expect(await read(6, 0, [3, 1, 2], [2, 77, 1])).toEqual([0, 1, 2, 3, 4, 5]);
    expect(
      await read(
        6,
        0,
        [...Array.from({ length: 40 }, () => 2 ** 40), 0],
        Array.from({ length: 41 }, () => 1),
      ),
    ).toEqual([]);
  });

  it('ends when objects hold themselves', async () => {
    const module = 'c__torch__.a\nB\n)\x81q\x00}X\x01\x00\x00\x00mh\x00sb';
    const file = await opened(opcodes(`\x80\x02${module}.`));
    expect(findStateDict(file.value)).toBeUndefined();
  });
});

describe('zip archives', () => {
  it('refuses encrypted and compressed entries, damaged pickles, entries named twice, and what is no archive', async () => {
    await writeArchive(at('ok.pt'), pickleConstant(null));
    const bytes = await readFile(at('ok.pt'));
    const changed = async (name: string, change: (view: DataView, directory: number) => void) => {
      const copy = new Uint8Array(bytes);
      const directory = bytes.indexOf(Buffer.from('PK\u0001\u0002'));
      change(new DataView(copy.buffer), directory);
      await writeFile(at(name), copy);
      return readTorch(at(name));
    };
    await expect(changed('encrypted.pt', (view, entry) => view.setUint16(entry + 8, 1, true))).rejects.toThrow(
      'unencrypted, got an encrypted zip',
    );
    await expect(changed('deflated.pt', (view, entry) => view.setUint16(entry + 10, 8, true))).rejects.toThrow(
      'got it compressed by method 8',
    );
    await expect(changed('size.pt', (view, entry) => view.setUint32(entry + 20, 1, true))).rejects.toThrow(
      'must hold `archive/data.pkl` stored',
    );
    await expect(changed('damaged.pt', (view) => view.setUint8(64, 0x4b))).rejects.toThrow(
      'undamaged `archive/data.pkl`, got another checksum',
    );
    await expect(changed('count.pt', (view) => view.setBigUint64(bytes.length - 66, 2n ** 60n, true))).rejects.toThrow(
      'must hold a directory of',
    );
    await expect(changed('local.pt', (view, entry) => view.setUint32(entry + 42, 2 ** 31, true))).rejects.toThrow('truncated');
    await writeEntries(
      at('twice.pt'),
      ['archive/data.pkl', 'archive/data.pkl'].map((name) => ({ name, bytes: () => opcodes('\x80\x02N.') })),
    );
    await expect(readTorch(at('twice.pt'))).rejects.toThrow('`archive/data.pkl` twice');
    await writeEntries(at('other.pt'), [{ name: 'word/document.xml', bytes: () => opcodes('<a/>') }]);
    await expect(readTorch(at('other.pt'))).rejects.toThrow('must hold a `data.pkl` in a folder');
    await writeEntries(at('long.pt'), [{ name: 'archive/data.pkl', bytes: () => new Uint8Array(2 ** 22 + 1) }]);
    await expect(readTorch(at('long.pt'))).rejects.toThrow('of at most 4194304 bytes');
    const big = [{ name: 'archive/byteorder', bytes: () => opcodes('big') }];
    await writeEntries(at('big.pt'), [{ name: 'archive/data.pkl', bytes: () => opcodes('\x80\x02N.') }, ...big]);
    await expect(readTorch(at('big.pt'))).rejects.toThrow('must hold little-endian numbers, got "big"');
    await truncate(at('ok.pt'), 0);
    await expect(readTorch(at('ok.pt'))).rejects.toThrow('an empty file');
    await symlink('/dev/zero', at('zero.pt'));
    await expect(readTorch(at('zero.pt'))).rejects.toThrow('must be a file');
  });

  it('have 64-bit sizes and places', async () => {
    const entries = [
      { name: opcodes('large'), crc: 1, size: 5 * 2 ** 30, headerAt: 0 },
      { name: opcodes('behind'), crc: 2, size: 3, headerAt: 6 * 2 ** 30 },
    ];
    // A file of 6 GB, of which only what is read exists.
    const parts = new Map([
      [0, localHeader(entries[0]!)],
      [entries[1]!.headerAt, localHeader(entries[1]!)],
    ]);
    const end = 6 * 2 ** 30 + 1000;
    const directory = zipDirectory(entries, end);
    const size = end + directory.length;
    const read: PositionedFile['read'] = async (position, length) => {
      const found = new Uint8Array(length);
      const part = parts.get(position);
      if (part) found.set(part.subarray(0, length));
      else if (position >= end) found.set(directory.subarray(position - end, position - end + length));
      else found.set(directory, end - position); // the tail, which begins before the directory
      return found.buffer;
    };
    const file: PositionedFile = { path: 'sparse', size, read, close: async () => undefined };
    const found = await readZipDirectory('test', file);
    expect(found['large']).toMatchObject({ size: 5 * 2 ** 30, compressedSize: 5 * 2 ** 30, headerAt: 0 });
    expect(found['behind']).toMatchObject({ size: 3, headerAt: 6 * 2 ** 30 });
    expect((await locateEntry('test', file, found['large']!)) % 64).toBe(0);
    expect(await locateEntry('test', file, found['behind']!)).toBe(entries[1]!.headerAt + localHeader(entries[1]!).length);
  });
});
