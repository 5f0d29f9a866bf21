import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tokenGroups } from './captions.js';
import { median, runJson } from './run-json.js';
import { pythonWithTorch, torchEnvironment } from './torch.js';

/** One run of one side, as both print it. */
interface Measured {
  readonly medianSeconds: number;
  readonly minSeconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  readonly positions: number;
}

export interface AgainstPyTorch {
  readonly models: readonly string[];
  readonly batches: readonly number[];
  readonly ranks: readonly number[];
  readonly steps: number;
  readonly rounds: number;
  readonly json: boolean;
}

const ours = { padded: ['--texts', 'padded'], trimmed: ['--texts', 'trimmed'], packed: ['--texts', 'packed'] };
const theirs = { padded: ['--context', '77'], trimmed: ['--context', '0'], packed: ['--pack', '128'] };
const layouts = ['padded', 'trimmed', 'packed'] as const;

/**
 * Our step and PyTorch's on the same captions, in processes of their own, one after the other in rounds. Ratios are PyTorch's time over
 * ours: above 1, ours is faster. PyTorch pads to 77 as the FSC-CLIP reference does, trims, or packs; it always has QuickGELU.
 */
export async function stepAgainstPyTorch({ models, batches, ranks, steps, rounds, json }: AgainstPyTorch): Promise<void> {
  const python = await pythonWithTorch();
  if (!python) return;
  const folder = await mkdtemp(join(tmpdir(), 'bench-step-'));
  const tokens = join(folder, 'tokens.json');
  const [main, peer] = ['main.ts', 'peers/pytorch_step.py'].map((file) => fileURLToPath(new URL(file, import.meta.url))) as [
    string,
    string,
  ];
  try {
    await writeFile(tokens, JSON.stringify(tokenGroups()));
    for (const model of models)
      for (const lora of ranks)
        for (const batch of batches) {
          const common = ['--batch', `${batch}`, '--lora', `${lora}`, '--steps', `${steps}`, '--json'];
          const runs: Record<'ours' | 'theirs', Record<(typeof layouts)[number], Measured[]>> = {
            ours: { padded: [], trimmed: [], packed: [] },
            theirs: { padded: [], trimmed: [], packed: [] },
          };
          for (let round = 0; round < rounds; round++)
            for (const layout of layouts) {
              const node = ['--import', 'tsx', '--conditions=source', main, 'step', '--model', model, ...common, ...ours[layout]];
              runs.ours[layout].push(await runJson<Measured>(process.execPath, node));
              const torch = [peer, '--model', model.replace('-quickgelu', ''), ...common, '--tokens', tokens, ...theirs[layout]];
              runs.theirs[layout].push(await runJson<Measured>(python, torch, torchEnvironment));
              console.error(`${model} batch ${batch} ${lora > 0 ? `LoRA ${lora}` : 'full'} ${layout}, round ${round + 1}`);
            }
          const result = { model, batch, lora, ...compare(runs.ours, runs.theirs) };
          console.log(json ? JSON.stringify({ steps, rounds, ...result }) : JSON.stringify(result, undefined, 2));
        }
  } finally {
    await rm(folder, { recursive: true });
  }
}

type Runs = Readonly<Record<(typeof layouts)[number], readonly Measured[]>>;

function compare(mine: Runs, peer: Runs) {
  const summary = (runs: readonly Measured[]) => ({
    medianSeconds: median(runs.map((run) => run.medianSeconds)),
    bestSeconds: Math.min(...runs.map((run) => run.minSeconds)),
    cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
    peakRssMb: Math.max(...runs.map((run) => run.peakRssMb)),
    positions: runs[0]!.positions,
  });
  const side = (runs: Runs) => Object.fromEntries(layouts.map((layout) => [layout, summary(runs[layout])] as const));
  const [a, b] = [side(mine), side(peer)];
  const ratio = (layout: string, against: string) => {
    const [x, y] = [a[layout]!, b[against]!];
    const of = (name: 'medianSeconds' | 'bestSeconds' | 'cpuSeconds' | 'peakRssMb') => Number((y[name] / x[name]).toPrecision(3));
    return { median: of('medianSeconds'), best: of('bestSeconds'), cpu: of('cpuSeconds'), memory: of('peakRssMb') };
  };
  return {
    ours: a,
    pytorch: b,
    ratios: {
      'packed against padded': ratio('packed', 'padded'),
      'packed against trimmed': ratio('packed', 'trimmed'),
      'packed against packed': ratio('packed', 'packed'),
      'padded against padded': ratio('padded', 'padded'),
      'trimmed against trimmed': ratio('trimmed', 'trimmed'),
    },
  };
}
