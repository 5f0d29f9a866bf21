import { median } from './run-json.js';
import { type Layout, type Measured, runOurStep, runPeerStep, layouts as sides, withTokens } from './step-sides.js';
import { pythonWithTorch, torchEnvironment } from './torch.js';

type Ours = Layout<'ours'>;
type Theirs = Layout<'theirs'>;

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
  await withTokens(async (tokens) => {
    for (const model of models)
      for (const lora of ranks)
        for (const batch of batches) {
          const step = { model, batch, lora, steps };
          const runs = { ours: new Map<Ours, Measured[]>(), theirs: new Map<Theirs, Measured[]>() };
          const note = <Layout>(side: Map<Layout, Measured[]>, layout: Layout, run: Measured) => {
            side.set(layout, [...(side.get(layout) ?? []), run]);
            console.error(`${model} batch ${batch} ${lora > 0 ? `LoRA ${lora}` : 'full'} ${layout}: ${run.medianSeconds.toFixed(2)} s`);
          };
          for (let round = 0; round < rounds; round++)
            for (let i = 0; i < Math.max(ours.length, theirs.length); i++) {
              const [mine, peer] = [ours[i], theirs[i]];
              if (mine) note(runs.ours, mine, await runOurStep(step, sides.ours[mine]));
              if (peer) note(runs.theirs, peer, await runPeerStep(python, step, tokens, sides.theirs[peer], torchEnvironment));
            }
          const result = { model, batch, lora, ...compare(runs.ours, runs.theirs) };
          console.log(json ? JSON.stringify({ steps, rounds, ...result }) : JSON.stringify(result, undefined, 2));
        }
  });
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
