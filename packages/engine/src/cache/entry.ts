import { createHash } from 'node:crypto';
import type { ExternalConstant } from '../onnx/encode.js';
import type { CompiledSpec } from '../program.js';
import type { ProgramSpec, UpdatesSpec } from '../runtime/protocol.js';
import type { TreeShape } from '../tree.js';

// The bytes of an entry: sha256 of all that follows (32), length of the JSON (4, little-endian), JSON, model, module of kernels.

const [hashBytes, headBytes] = [32, 36];

/** A constant, which is a file of its own: programs of the same frozen weights share it. */
export interface StoredConstant extends Omit<ExternalConstant, 'bytes'> {
  /** Of its bytes, in hexadecimal digits: the name of its file. */
  readonly sha256: string;
  readonly bytes: number;
}

/** What stands in JSON: all but raw bytes. Records of the user's names are lists of pairs there. */
interface Header {
  /** The name that the entry was written under. */
  readonly entry: string;
  readonly modelBytes: number;
  readonly constants: readonly StoredConstant[];
  readonly program: Omit<ProgramSpec, 'model' | 'constants' | 'updates'>;
  readonly updates?: Omit<UpdatesSpec, 'module'>;
  readonly call: Omit<CompiledSpec, 'program' | 'result'>;
  readonly result: StoredTree;
}

/** JSON has neither undefined nor NaN. */
type StoredTree = '*' | 'undefined' | null | boolean | { number: string } | { list: StoredTree[] } | { record: [string, StoredTree][] };

/** An entry that was read: the program, without the bytes of its constants. */
export interface DecodedEntry {
  readonly constants: readonly StoredConstant[];
  readonly complete: (constants: readonly Uint8Array[]) => CompiledSpec;
}

/** The file of a program, whose constants are files of their own. */
export function encodeEntry(entry: string, spec: CompiledSpec, constants: readonly StoredConstant[]): Buffer {
  const { program, result, ...call } = spec;
  const { model, constants: _, updates, ...rest } = program;
  const { module, ...calls } = updates ?? { module: new Uint8Array() };
  const header: Header = {
    entry,
    modelBytes: model.byteLength,
    constants,
    program: rest,
    ...(updates && { updates: calls as Omit<UpdatesSpec, 'module'> }),
    call,
    result: storeTree(result),
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(headBytes - hashBytes);
  length.writeUInt32LE(json.byteLength);
  const body = [length, json, model, module];
  const hash = createHash('sha256');
  for (const part of body) hash.update(part);
  return Buffer.concat([hash.digest(), ...body]);
}

/**
 * Reads it back.
 *
 * @returns nothing when the bytes are not, or not wholly, those that were written under this name
 */
export function decodeEntry(entry: string, bytes: Buffer): DecodedEntry | undefined {
  const body = bytes.subarray(hashBytes);
  if (bytes.byteLength < headBytes || !createHash('sha256').update(body).digest().equals(bytes.subarray(0, hashBytes))) return undefined;
  try {
    const modelStart = headBytes + bytes.readUInt32LE(hashBytes);
    const header = JSON.parse(bytes.toString('utf8', headBytes, modelStart)) as Header;
    const isStored = ({ sha256, bytes: size }: StoredConstant) => /^[0-9a-f]{64}$/.test(sha256) && Number.isSafeInteger(size) && size >= 0;
    if (header.entry !== entry || !header.constants.every(isStored)) return undefined;
    const model = copyOf(bytes, modelStart, modelStart + header.modelBytes);
    const module = copyOf(bytes, modelStart + header.modelBytes, bytes.byteLength);
    const { program, updates, call } = header;
    const result = readTree(header.result);
    const complete = (data: readonly Uint8Array[]): CompiledSpec => {
      const constants = header.constants.map(({ sha256: _, ...constant }, i) => ({ ...constant, bytes: data[i]! }));
      return { ...call, result, program: { ...program, model, constants, ...(updates && { updates: { ...updates, module } }) } };
    };
    return { constants: header.constants, complete };
  } catch {
    return undefined; // whole, and yet no entry: somebody else's
  }
}

/** Bytes in a buffer of their own, which can be transferred to a worker. */
function copyOf(bytes: Buffer, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}

function storeTree(tree: TreeShape): StoredTree {
  if (tree.kind === 'leaf') return '*';
  if (tree.kind === 'list') return { list: tree.items.map(storeTree) };
  if (tree.kind === 'record') return { record: tree.entries.map(([key, item]) => [key, storeTree(item)]) };
  const { value } = tree;
  if (typeof value === 'number') return { number: Object.is(value, -0) ? '-0' : String(value) };
  return value === undefined ? 'undefined' : (value as null | boolean);
}

function readTree(stored: StoredTree): TreeShape {
  if (stored === '*') return { kind: 'leaf' };
  if (stored === 'undefined') return { kind: 'static', value: undefined };
  if (stored === null || typeof stored === 'boolean') return { kind: 'static', value: stored };
  if ('number' in stored) return { kind: 'static', value: Number(stored.number) };
  if ('list' in stored) return { kind: 'list', items: stored.list.map(readTree) };
  return { kind: 'record', entries: stored.record.map(([key, item]) => [key, readTree(item)] as const) };
}
