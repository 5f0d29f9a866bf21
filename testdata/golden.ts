import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HostArray } from '@fsc-clip/core';

/** The folder of golden numbers: `GOLDEN_DIR`, or the set that is kept here. */
export const goldenDir = process.env['GOLDEN_DIR'] ?? fileURLToPath(new URL('./golden', import.meta.url));

/** The folder of fixtures: `FIXTURES_DIR`, or the set that is kept here. */
export const fixturesDir = process.env['FIXTURES_DIR'] ?? fileURLToPath(new URL('./fixtures', import.meta.url));

/** A value as the golden JSON files write it: they have no NaN or Infinity, so strings stand for them. */
export type GoldenNumber = number | 'NaN' | 'Infinity' | '-Infinity';

/** One area of the golden set: its JSON, its cases, and its arrays by name. */
export interface GoldenArea<Case, Json = Record<string, unknown>> {
  readonly json: Json;
  readonly cases: readonly Case[];
  /** @throws Error when no array has this name */
  array(name: string): HostArray;
  /** All arrays below `prefix/`, with the prefix taken off. */
  arraysUnder(prefix: string): Record<string, HostArray>;
}

/** Whether the set's index lists this area (another set may hold fewer). */
export function hasGolden(area: string): boolean {
  return (JSON.parse(readFileSync(join(goldenDir, 'index.json'), 'utf8')) as { areas: string[] }).areas.includes(area);
}

/** Reads `<area>.json` and the arrays beside it. */
export function golden<Case, Json = Record<string, unknown>>(area: string): GoldenArea<Case, Json> {
  const json = JSON.parse(readFileSync(join(goldenDir, `${area}.json`), 'utf8')) as { arrays?: string; cases: Case[] };
  if (!Array.isArray(json.cases) || json.cases.length === 0) throw new Error(`golden: ${area}.json lists no cases`);
  const arrays = json.arrays === undefined ? {} : readArrays(join(goldenDir, json.arrays));
  return {
    json: json as Json,
    cases: json.cases,
    array: (name) => {
      const found = arrays[name];
      if (!found) throw new Error(`golden: no array ${name} in ${area}`);
      return found;
    },
    arraysUnder: (prefix) =>
      Object.fromEntries(
        Object.entries(arrays)
          .filter(([name]) => name.startsWith(`${prefix}/`))
          .map(([name, array]) => [name.slice(prefix.length + 1), array]),
      ),
  };
}

/** A safetensors file of the golden set, which is trusted. Integers are int64 there and int32 here. */
function readArrays(path: string): Record<string, HostArray> {
  const bytes = readFileSync(path);
  const headerSize = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString('utf8', 8, 8 + headerSize)) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const read = (dtype: string, begin: number, end: number): HostArray['data'] => {
    const buffer = bytes.buffer.slice(bytes.byteOffset + 8 + headerSize + begin, bytes.byteOffset + 8 + headerSize + end) as ArrayBuffer;
    if (dtype === 'F32') return new Float32Array(buffer);
    if (dtype === 'U8') return new Uint8Array(buffer);
    if (dtype === 'I64') return Int32Array.from(new BigInt64Array(buffer), Number);
    throw new Error(`golden: ${path} holds ${dtype}`);
  };
  return Object.fromEntries(
    Object.entries(header)
      .filter(([name]) => name !== '__metadata__')
      .map(([name, { dtype, shape, data_offsets }]) => [name, { data: read(dtype, ...data_offsets), shape }]),
  );
}
