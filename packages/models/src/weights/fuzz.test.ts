import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WeightsError } from '@fsc-clip/core';
import { goldenDir } from '@fsc-clip/testdata';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Edit, edited, edits } from '../files/edits.fixture.js';
import { decode } from '../numbers/file-dtypes.js';
import { readTorch } from '../torch/read-torch.js';
import { writeArchive } from '../torch/torch-archive.fixture.js';
import { readWeights } from './load-weights.js';

// `FUZZ_RUNS=20000 npx vitest run fuzz` for the long run, which also prints what was slowest and largest.
const runs = Number(process.env['FUZZ_RUNS'] ?? 500);
const small = 2 ** 12; // of a file of a few bytes

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
  decode('F16', new ArrayBuffer(2)); // makes the table of all halves, once
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllGlobals());

/** Watches the lengths of all arrays of bytes and numbers that are made. */
function watchArrays(): { largest: number } {
  const seen = { largest: 0 };
  for (const name of ['Uint8Array', 'Uint16Array', 'Uint32Array', 'Int32Array', 'Float32Array', 'Float64Array', 'ArrayBuffer'] as const) {
    const original: new (...args: never[]) => ArrayBuffer | ArrayBufferView = globalThis[name];
    vi.stubGlobal(
      name,
      new Proxy(original, {
        construct: (target, args, newTarget) => {
          const made: object = Reflect.construct(target, args, newTarget);
          seen.largest = Math.max(seen.largest, (made as ArrayBuffer).byteLength);
          return made;
        },
      }),
    );
  }
  return seen;
}

/** Checks that reading ends well, with weights or with a WeightsError, and no array of more than twice the file's bytes; returns the largest. */
async function endsWell(bytes: number, read: () => Promise<unknown>): Promise<number> {
  const watched = watchArrays();
  try {
    await read();
  } catch (error) {
    if (!(error instanceof WeightsError)) throw error;
  } finally {
    vi.unstubAllGlobals();
  }
  expect(watched.largest).toBeLessThanOrEqual(2 * bytes + small);
  return watched.largest;
}

async function fuzz(what: string, originals: readonly Uint8Array[], check: (bytes: Uint8Array) => Promise<number>): Promise<void> {
  let slowest = 0;
  let largest = 0;
  const property = fc.asyncProperty(fc.nat(originals.length - 1), edits, async (index: number, list: Edit[]) => {
    const started = performance.now();
    largest = Math.max(largest, await check(edited(originals[index]!, list)));
    slowest = Math.max(slowest, performance.now() - started);
  });
  await fc.assert(property, { numRuns: runs });
  expect(largest).toBeGreaterThan(0); // the watch sees what readers take
  if (process.env['FUZZ_RUNS'])
    console.log(`${what}: ${runs} files, the slowest took ${slowest.toFixed(1)} ms, the largest array ${largest} bytes`);
}

async function goldenFiles(pattern: RegExp): Promise<Uint8Array[]> {
  const checkpoints = join(goldenDir, 'checkpoints');
  const names = (await readdir(checkpoints)).filter((name) => pattern.test(name));
  expect(names.length).toBeGreaterThan(0);
  return Promise.all(names.map((name) => readFile(join(checkpoints, name))));
}

/** `data.pkl` of an archive that PyTorch wrote: entries there are stored, and a pickle begins with its protocol. */
function pickleIn(archive: Uint8Array): Uint8Array {
  const bytes = Buffer.from(archive);
  const begin = bytes.indexOf(Buffer.from([0x80, 0x02]), bytes.indexOf('/data.pkl'));
  return bytes.subarray(begin, bytes.indexOf('PK\u0007\u0008', begin)); // up to the descriptor behind it
}

describe('changed files end in weights or in a WeightsError', () => {
  const timeout = 30_000 + 20 * runs;

  it.each([
    ['torch files', /^(?!legacy).*\.(pt|bin)$/, 'a.pt'],
    ['safetensors', /\.safetensors$/, 'a.safetensors'],
  ])(
    '%s',
    async (what, pattern, name) => {
      await fuzz(what, await goldenFiles(pattern), async (bytes) => {
        await writeFile(join(folder, name), bytes);
        return endsWell(bytes.length, () => readWeights(join(folder, name)));
      });
    },
    timeout,
  );

  it(
    'pickles, with the checksum made right',
    async () => {
      const files = await goldenFiles(/^(dtypes|lora|numpy1-scalar|reference-epoch|strided|torchscript)\.pt$/);
      const pickles = files.map(pickleIn);
      await fuzz('pickles', pickles, async (bytes) => {
        await writeArchive(
          join(folder, 'p.pt'),
          bytes,
          Array.from({ length: 50 }, () => new Uint8Array(4096)),
        );
        return endsWell(bytes.length + 50 * 4096, async () => (await readTorch(join(folder, 'p.pt'))).close());
      });
    },
    timeout,
  );

  it(
    'indices of shards',
    async () => {
      const sharded = join(goldenDir, 'checkpoints/sharded');
      const index = await readFile(join(sharded, 'model.safetensors.index.json'));
      await cp(sharded, folder, { recursive: true });
      await fuzz('indices', [index], async (bytes) => {
        await writeFile(join(folder, 'm.index.json'), bytes);
        return endsWell(2 ** 16, () => readWeights(join(folder, 'm.index.json')));
      });
    },
    timeout,
  );
});
