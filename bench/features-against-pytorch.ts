import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tokenGroups } from './captions.js';
import { median, runJson } from './run-json.js';
import { pythonWithTorch, torchEnvironment } from './torch.js';

/** One process of either side, as both print it. */
interface Measured {
  readonly perSecond: number;
  readonly perSecondBest: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

export interface FeaturesAgainstPyTorch {
  readonly model: string;
  readonly batches: readonly number[];
  readonly runs: number;
  readonly rounds: number;
  readonly json: boolean;
}

/** What PyTorch is given: texts padded to 77 positions as open_clip does, or trimmed to the longest of the batch. */
const peers = {
  images: { pytorch: ['--mode', 'infer-image'] },
  texts: { pytorchPadded: ['--mode', 'infer-text', '--context', '77'], pytorchTrimmed: ['--mode', 'infer-text', '--context', '0'] },
} as const;

/**
 * Our encoders and PyTorch's in processes of their own, one after the other in rounds, on the same captions. Ratios are our rate over
 * PyTorch's: above 1, ours is faster.
 */
export async function featuresAgainstPyTorch({ model, batches, runs, rounds, json }: FeaturesAgainstPyTorch): Promise<void> {
  const python = await pythonWithTorch();
  if (!python) return;
  const folder = await mkdtemp(join(tmpdir(), 'bench-features-'));
  const tokens = join(folder, 'tokens.json');
  const fileOf = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const node = ['--import', 'tsx', '--conditions=source', fileOf('main.ts'), 'features', '--model', model, '--runs', `${runs}`, '--json'];
  const torch = [fileOf('peers/pytorch_step.py'), '--model', model.replace('-quickgelu', ''), '--steps', `${Math.ceil(runs / 5)}`]; // it runs five a step
  try {
    await writeFile(tokens, JSON.stringify(tokenGroups()));
    for (const of of ['images', 'texts'] as const)
      for (const batch of batches) {
        const ours: Measured[] = [];
        const theirs = Object.entries(peers[of]).map(([name, args]) => ({ name, args, measured: [] as Measured[] }));
        for (let round = 0; round < rounds; round++) {
          ours.push(await runJson<Measured>(process.execPath, [...node, '--of', of, '--batch', `${batch}`]));
          for (const { args, measured } of theirs)
            measured.push(
              await runJson<Measured>(python, [...torch, '--batch', `${batch}`, '--tokens', tokens, ...args], torchEnvironment),
            );
          console.error(`${model} ${of}, batch ${batch}, round ${round + 1}`);
        }
        const result = { model, of, batch, ...compare(ours, theirs) };
        console.log(json ? JSON.stringify({ runs, rounds, ...result }) : JSON.stringify(result, undefined, 2));
      }
  } finally {
    await rm(folder, { recursive: true });
  }
}

function compare(ours: readonly Measured[], theirs: readonly { readonly name: string; readonly measured: readonly Measured[] }[]) {
  const summary = (runs: readonly Measured[]) => ({
    perSecond: median(runs.map((run) => run.perSecond)),
    perSecondBest: Math.max(...runs.map((run) => run.perSecondBest)),
    cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
    peakRssMb: Math.max(...runs.map((run) => run.peakRssMb)),
  });
  const mine = summary(ours);
  const rounded = (ratio: number) => Number(ratio.toPrecision(3));
  const sides = theirs.map(({ name, measured }) => [name, summary(measured)] as const);
  const ratios = sides.map(([name, peer]) => [
    name,
    {
      median: rounded(mine.perSecond / peer.perSecond),
      best: rounded(mine.perSecondBest / peer.perSecondBest),
      cpu: rounded(peer.cpuSeconds / mine.cpuSeconds),
      memory: rounded(peer.peakRssMb / mine.peakRssMb),
    },
  ]);
  return { ours: mine, ...Object.fromEntries(sides), ratios: Object.fromEntries(ratios) };
}
