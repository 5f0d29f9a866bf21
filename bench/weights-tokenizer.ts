import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { clipMerges } from '@fsc-clip/models';
import { captionGroups } from './captions.js';
import { canPin, runOnOneCore, tsArguments } from './one-core.js';
import type { WeightsOptions } from './weights.js';

/** One run of one side, as both print it. */
interface Measured {
  readonly perSecond: number;
  /** sha256 of all ids, i32 [N, 77]. */
  readonly sha256: string;
  readonly versions?: string;
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Captions a second on one core, in batches of 256, words remembered. */
export async function measure({ python, rounds, captions }: WeightsOptions): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-tokenizer-'));
  try {
    const texts = captions === undefined ? captionGroups().flat() : (await readFile(captions, 'utf8')).trim().split(/\r?\n/);
    await writeFile(join(folder, 'captions.json'), JSON.stringify(texts));
    await writeFile(join(folder, 'merges.txt'), clipMerges().join('\n'));
    const ours: Measured[] = [];
    const theirs: Measured[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await runOnOneCore(process.execPath, tsArguments(here('weights-tokenizer-child.ts')).concat(folder)));
      theirs.push(await runOnOneCore(python, [here('peers/tokenizer.py'), folder]));
    }
    const best = (runs: Measured[]) => Math.max(...runs.map(({ perSecond }) => perSecond));
    return {
      captions: texts.length,
      notAscii: texts.filter((text) => /[^\0-\x7f]/.test(text)).length,
      oneCore: await canPin(),
      perSecond: Math.round(best(ours)),
      peerPerSecond: Math.round(best(theirs)),
      ratio: Number((best(ours) / best(theirs)).toPrecision(3)),
      equalIds: ours[0]!.sha256 === theirs[0]!.sha256,
      peer: theirs[0]!.versions,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
