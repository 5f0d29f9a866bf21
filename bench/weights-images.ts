import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { canPin, runOnOneCore, tsArguments } from './one-core.js';
import { runFile } from './torch.js';
import type { WeightsOptions } from './weights.js';

/** One run of one side, as both print it: milliseconds a picture, the fastest pass. */
interface Measured {
  readonly milliseconds: number;
  /** Of the same, one picture at a time. */
  readonly stages: { readonly decode: number; readonly transform: number };
  /** sha256 of all results, f32 [N, 3, 224, 224]. */
  readonly sha256: string;
  readonly versions?: string;
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** JPEG files in memory to normalised pixels, on one core. Both sides must give the same numbers. */
export async function measure({ python, rounds }: WeightsOptions): Promise<object> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-images-'));
  try {
    await runFile(python, [here('peers/images.py'), 'make', folder]);
    const ours: Measured[] = [];
    const theirs: Measured[] = [];
    for (let round = 0; round < rounds; round++) {
      ours.push(await runOnOneCore(process.execPath, tsArguments(here('weights-images-child.ts')).concat(folder)));
      theirs.push(await runOnOneCore(python, [here('peers/images.py'), 'measure', folder]));
    }
    const fastest = (runs: Measured[], of: (run: Measured) => number) => Math.min(...runs.map(of));
    const round = (number: number) => Number(number.toPrecision(3));
    const stages = (runs: Measured[]) => ({
      decode: round(fastest(runs, (run) => run.stages.decode)),
      transform: round(fastest(runs, (run) => run.stages.transform)),
    });
    const [time, peerTime] = [ours, theirs].map((runs) => fastest(runs, (run) => run.milliseconds)) as [number, number];
    return {
      oneCore: await canPin(),
      perSecond: round(1000 / time),
      peerPerSecond: round(1000 / peerTime),
      ratio: round(peerTime / time),
      stages: stages(ours),
      peerStages: stages(theirs),
      equalNumbers: ours[0]!.sha256 === theirs[0]!.sha256,
      peer: theirs[0]!.versions,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
