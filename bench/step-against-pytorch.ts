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
  /** Ours alone says it. */
  readonly shareOfPeak?: number;
}

const sides = {
  ours: {
    tree: ['--texts', 'tree'],
    packed: ['--texts', 'packed'],
    trimmed: ['--texts', 'trimmed'],
    padded: ['--texts', 'padded'],
  },
  theirs: {
    packed: ['--pack', '128'],
    trimmed: ['--context', '0'],
    padded: ['--context', '77'],
    bf16: ['--pack', '128', '--dtype', 'bf16'],
  },
} as const;
type Ours = keyof typeof sides.ours;
type Theirs = keyof typeof sides.theirs;

/** How texts can be laid out, on each side. */
export const layouts = { ours: Object.keys(sides.ours) as Ours[], theirs: Object.keys(sides.theirs) as Theirs[] };

/** What is set side by side: our layout against theirs. The first three are the best of ours against each of theirs. */
const pairs: readonly (readonly [Ours, Theirs])[] = [
  ['tree', 'padded'],
  ['tree', 'trimmed'],
  ['tree', 'packed'],
  ['tree', 'bf16'],
  ['packed', 'packed'],
  ['trimmed', 'trimmed'],
  ['padded', 'padded'],
];

export interface AgainstPyTorch {
  readonly models: readonly string[];
  readonly batches: readonly number[];
  readonly ranks: readonly number[];
  readonly ours: readonly Ours[];
  readonly theirs: readonly Theirs[];
  readonly steps: number;
  readonly rounds: number;
  readonly json: boolean;
}

/**
 * Our step and PyTorch's on the same captions, in processes of their own, one after the other in rounds. Ratios are PyTorch's time over
 * ours: above 1, ours is faster. PyTorch pads to 77 as the FSC-CLIP reference does, trims, or packs; `bf16` packs and computes under
 * autocast. It always has QuickGELU.
 */
export async function stepAgainstPyTorch(options: AgainstPyTorch): Promise<void> {
  const { models, batches, ranks, ours, theirs, steps, rounds, json } = options;
  const python = await pythonWithTorch();
  if (!python) return;
  const folder = await mkdtemp(join(tmpdir(), 'bench-step-'));
  const tokens = join(folder, 'tokens.json');
  const pathOf = (file: string) => fileURLToPath(new URL(file, import.meta.url));
  try {
    await writeFile(tokens, JSON.stringify(tokenGroups()));
    for (const model of models)
      for (const lora of ranks)
        for (const batch of batches) {
          const common = ['--batch', `${batch}`, '--lora', `${lora}`, '--steps', `${steps}`, '--json'];
          const node = ['--import', 'tsx', '--conditions=source', pathOf('main.ts'), 'step', '--model', model, ...common];
          const torch = [pathOf('peers/pytorch_step.py'), '--model', model.replace('-quickgelu', ''), '--tokens', tokens, ...common];
          const runs = { ours: new Map<Ours, Measured[]>(), theirs: new Map<Theirs, Measured[]>() };
          const note = <Layout>(side: Map<Layout, Measured[]>, layout: Layout, run: Measured) => {
            side.set(layout, [...(side.get(layout) ?? []), run]);
            console.error(`${model} batch ${batch} ${lora > 0 ? `LoRA ${lora}` : 'full'} ${layout}: ${run.medianSeconds.toFixed(2)} s`);
          };
          for (let round = 0; round < rounds; round++)
            for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
              const [mine, peer] = [ours[i], theirs[i]];
              if (mine) note(runs.ours, mine, await runJson<Measured>(process.execPath, [...node, ...sides.ours[mine]]));
              if (peer) note(runs.theirs, peer, await runJson<Measured>(python, [...torch, ...sides.theirs[peer]], torchEnvironment));
            }
          const result = { model, batch, lora, ...compare(runs.ours, runs.theirs) };
          console.log(json ? JSON.stringify({ steps, rounds, ...result }) : JSON.stringify(result, undefined, 2));
        }
  } finally {
    await rm(folder, { recursive: true });
  }
}

function compare(ours: ReadonlyMap<Ours, readonly Measured[]>, theirs: ReadonlyMap<Theirs, readonly Measured[]>) {
  const summary = (runs: readonly Measured[]) => ({
    medianSeconds: median(runs.map((run) => run.medianSeconds)),
    bestSeconds: Math.min(...runs.map((run) => run.minSeconds)),
    cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
    peakRssMb: Math.max(...runs.map((run) => run.peakRssMb)),
    positions: runs[0]!.positions,
    ...(runs[0]!.shareOfPeak !== undefined && { shareOfPeak: Math.max(...runs.map((run) => run.shareOfPeak!)) }),
  });
  const mine = Object.fromEntries([...ours].map(([layout, runs]) => [layout, summary(runs)] as const));
  const peer = Object.fromEntries([...theirs].map(([layout, runs]) => [layout, summary(runs)] as const));
  const ratios = pairs.flatMap(([layout, against]) => {
    const [a, b] = [mine[layout], peer[against]];
    if (!a || !b) return [];
    const of = (name: 'medianSeconds' | 'bestSeconds' | 'cpuSeconds' | 'peakRssMb') => Number((b[name] / a[name]).toPrecision(3));
    const ratio = { median: of('medianSeconds'), best: of('bestSeconds'), cpu: of('cpuSeconds'), memory: of('peakRssMb') };
    return [[`${layout} against ${against}`, ratio] as const];
  });
  return { ours: mine, pytorch: peer, ratios: Object.fromEntries(ratios) };
}
