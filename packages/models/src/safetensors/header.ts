import { createParams } from '@fsc-clip/core/tensor';
import { type Refuse, reason, refuser } from '../files/refuse.js';
import { type FileDType, itemSizes } from '../numbers/file-dtypes.js';

/** Longest header that the format allows, in bytes. */
export const maxHeaderBytes = 100_000_000;

/** One tensor of a file: bytes [begin, end) of the part after the header. */
export interface SafetensorsEntry {
  readonly dtype: FileDType;
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
  const refuse: Refuse = refuser('readSafetensors', path);
  let text = '';
  let names: string[] = [];
  let json: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    names = topLevelKeys(text);
    json = JSON.parse(text);
  } catch (cause) {
    refuse('must have a JSON header', reason(cause), { cause });
  }
  if (!isRecord(json) || !text.startsWith('{')) return refuse('must have a header that is a JSON object', text.slice(0, 20));
  const twice = firstRepeated(names);
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
  const bytes = shape.reduce((product, size) => product * size, itemSizes[dtype as FileDType]);
  if (bytes !== end - begin) return `${end - begin} bytes for ${dtype} [${shape.join(', ')}]`;
  return { dtype: dtype as FileDType, shape, begin, end };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** A header's levels: itself, an entry, a list of sizes. */
const mostLevels = 3;

/**
 * The keys of a JSON object's first level; `JSON.parse` would keep the last of two equal ones without a word. A plain loop: a regular
 * expression would overflow on a text of megabytes, and so would what prints a value nested a million times.
 *
 * @throws SyntaxError for more levels than a header has, and strings without end
 */
function topLevelKeys(json: string): string[] {
  const keys: string[] = [];
  let level = 0;
  for (let at = 0; at < json.length; at++) {
    const character = json[at];
    if (character === '{' || character === '[') level++;
    else if (character === '}' || character === ']') level--;
    if (level > mostLevels) throw new SyntaxError(`more than ${mostLevels} levels at character ${at}`);
    if (character !== '"') continue;
    const begin = at;
    for (at++; json[at] !== '"'; at++) {
      if (at >= json.length) throw new SyntaxError(`a string without end at character ${begin}`);
      if (json[at] === '\\') at++;
    }
    let after = at + 1;
    while (' \t\r\n'.includes(json[after] ?? '.')) after++;
    if (level === 1 && json[after] === ':') keys.push(JSON.parse(json.slice(begin, at + 1)) as string);
  }
  return keys;
}

function firstRepeated(names: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}
