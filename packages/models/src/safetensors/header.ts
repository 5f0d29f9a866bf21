import { WeightsError } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import { itemSizes, type SafetensorsDType } from './dtypes.js';

/** Longest header that the format allows, in bytes. */
export const maxHeaderBytes = 100_000_000;

/** One tensor of a file: bytes [begin, end) of the part after the header. */
export interface SafetensorsEntry {
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** What a header says. */
export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly entries: Readonly<Record<string, SafetensorsEntry>>;
}

/**
 * Reads and checks a header: valid UTF-8 and JSON, no name twice, known dtypes, sizes that agree with shapes, and tensors that cover
 * the bytes after it without hole or overlap.
 *
 * @param bytes - the header itself, without its length
 * @param dataBytes - bytes of the file after the header
 * @throws WeightsError naming `path` and the tensor
 */
export function parseHeader(path: string, bytes: Uint8Array, dataBytes: number): SafetensorsHeader {
  const refuse = (rule: string, got: string, cause?: unknown): never => {
    throw new WeightsError({ function: 'readSafetensors', argument: path, rule, got, cause });
  };
  let text = '';
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    json = JSON.parse(text);
  } catch (cause) {
    refuse('must have a JSON header', cause instanceof Error ? cause.message : String(cause), cause);
  }
  if (!isRecord(json) || !text.startsWith('{')) return refuse('must have a header that is a JSON object', text.slice(0, 20));
  const twice = firstRepeated(topLevelKeys(text));
  if (twice !== undefined) refuse('must name every tensor once', `\`${twice}\` twice`);

  const { __metadata__: metadata = {}, ...tensors } = json;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    return refuse('must have `__metadata__` of strings', JSON.stringify(metadata).slice(0, 60));
  }
  const entries = createParams(
    Object.entries(tensors).map(([name, value]) => {
      const entry = parseEntry(value);
      return [name, typeof entry === 'string' ? refuse(`must describe \`${name}\` fully`, entry) : entry] as const;
    }),
  );
  let covered = 0;
  for (const [name, { begin, end }] of Object.entries(entries).sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered) refuse(`must hold \`${name}\` at byte ${covered}, where the one before it ends`, `byte ${begin}`);
    covered = end;
  }
  if (covered !== dataBytes) refuse(`must hold ${covered} bytes after its header`, `${dataBytes}: truncated or overlong`);
  return { metadata: createParams(Object.entries(metadata as Record<string, string>)), entries };
}

/** An entry, or what is wrong with it. */
function parseEntry(value: unknown): SafetensorsEntry | string {
  if (!isRecord(value)) return JSON.stringify(value);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !Object.hasOwn(itemSizes, dtype)) return `dtype ${JSON.stringify(dtype)}`;
  if (!isSizes(shape)) return `shape ${JSON.stringify(shape)}`;
  if (!isSizes(offsets) || offsets.length !== 2) return `data_offsets ${JSON.stringify(offsets)}`;
  const [begin, end] = offsets as [number, number];
  const bytes = shape.reduce((product, size) => product * size, itemSizes[dtype as SafetensorsDType]);
  if (bytes !== end - begin) return `${end - begin} bytes for ${dtype} [${shape.join(', ')}]`;
  return { dtype: dtype as SafetensorsDType, shape, begin, end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** The keys of a JSON object's first level, as written; `JSON.parse` would keep the last of two equal ones without a word. */
function* topLevelKeys(json: string): Generator<string> {
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g;
  let depth = 0;
  for (const [text, colon] of json.matchAll(token)) {
    if (text === '{' || text === '[') depth++;
    else if (text === '}' || text === ']') depth--;
    else if (depth === 1 && colon !== undefined) yield JSON.parse(text.slice(0, -colon.length)) as string;
  }
}

function firstRepeated(names: Iterable<string>): string | undefined {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}
