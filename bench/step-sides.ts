import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tokenGroups } from './captions.js';
import { runJson } from './run-json.js';

/** One training step to measure, on both sides. */
export interface StepCase {
  readonly model: string;
  readonly batch: number;
  /** Rank of the adapters; 0 trains all weights. */
  readonly lora: number;
  readonly steps: number;
}

/** One run of one side, as both print it. */
export interface Measured {
  readonly medianSeconds: number;
  readonly minSeconds: number;
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
  readonly positions: number;
  /** Ours alone says it. */
  readonly shareOfPeak?: number;
}

/**
 * How each side is asked to lay out texts: padded to 77, trimmed to the longest of the batch, end to end in rows, and there what they begin
 * with alike once. PyTorch's `bf16` packs and computes under autocast.
 */
export const layouts = {
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

export type Layout<Side extends keyof typeof layouts> = keyof (typeof layouts)[Side];

const [main, peer] = ['main.ts', 'peers/pytorch_step.py'].map((file) => fileURLToPath(new URL(file, import.meta.url))) as [string, string];

function common({ batch, lora, steps }: StepCase): string[] {
  return ['--batch', `${batch}`, '--lora', `${lora}`, '--steps', `${steps}`, '--json'];
}

/** Our step, in a process of its own. */
export function runOurStep<T = Measured>(step: StepCase, options: readonly string[]): Promise<T> {
  const node = ['--import', 'tsx', '--conditions=source', main, 'step', '--model', step.model];
  return runJson<T>(process.execPath, [...node, ...common(step), ...options]);
}

/** PyTorch's step. It always has QuickGELU. */
export function runPeerStep(
  python: string,
  step: StepCase,
  tokens: string,
  options: readonly string[],
  env: object = {},
): Promise<Measured> {
  const model = ['--model', step.model.replace('-quickgelu', '')];
  return runJson<Measured>(python, [peer, ...model, ...common(step), '--tokens', tokens, ...options], env);
}

/** Gives `run` a file of the captions' tokens, for the peer. */
export async function withTokens(run: (tokens: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-step-'));
  try {
    const tokens = join(folder, 'tokens.json');
    await writeFile(tokens, JSON.stringify(tokenGroups()));
    await run(tokens);
  } finally {
    await rm(folder, { recursive: true });
  }
}
