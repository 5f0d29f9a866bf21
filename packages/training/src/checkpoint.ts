import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type HostArray, OptionError, type Params, WeightsError } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import { readSafetensors, saveWeights } from '@fsc-clip/models';
import { type Leaves, mapLeaves, type StateArray } from './internal/state-tree.js';

/** What a run needs to go on where it stopped. */
export interface Checkpoint<OptimizerState> {
  readonly params: Params<StateArray>;
  readonly optimizer: OptimizerState;
  /** Of a step with a dynamic loss scale. */
  readonly lossScale?: { readonly scale: StateArray; readonly goodSteps: StateArray };
  /** Steps done. */
  readonly step: number;
  /** Whatever else the run wants back, as JSON: epoch, seed, recipe. @defaultValue {} */
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Key of the header that tells a checkpoint from mere weights; its value is the version of the layout. */
const mark = 'fsc_clip_checkpoint';

/**
 * Writes weights, optimizer state, step and metadata to one safetensors file, bit for bit. The arrays are read one after the other, so
 * the memory needed is that of the largest. The file is written beside its place, then renamed: what stood there before stays whole
 * until the new one is. Await it before the state is donated to another step.
 *
 * @param path - the file; its folder is made where missing
 * @param checkpoint - device arrays, tensors or host arrays; frozen weights need not be in it
 * @throws OptionError when `step` is no count; WeightsError when the file cannot be written
 * @example
 * await saveCheckpoint('runs/1/step-400.safetensors', { ...state, step: 400, metadata: { epoch: 2 } });
 */
export async function saveCheckpoint<OptimizerState>(path: string, checkpoint: Checkpoint<OptimizerState>): Promise<void> {
  const { params, optimizer, lossScale, step, metadata = {} } = checkpoint;
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new OptionError({ function: 'saveCheckpoint', argument: 'step', rule: 'must be an integer of at least 0', got: String(step) });
  }
  await mkdir(dirname(path), { recursive: true });
  await saveWeights(path, createParams(leavesOf('saveCheckpoint', { params, optimizer, ...(lossScale && { lossScale }) })), {
    metadata: { [mark]: '1', step: String(step), metadata: JSON.stringify(metadata) },
  });
}

/**
 * Reads a checkpoint back, as host arrays, which a compiled step takes in the place of its own state. The numbers that follow are those
 * of a run that never stopped.
 *
 * @param like - a state of the run that goes on, e.g. `initTrainState(…)`: names, shapes and dtypes must agree, values are not looked at
 * @throws WeightsError when the file is no checkpoint, or not one of this model and optimizer
 * @example
 * const { step, metadata, ...state } = await loadCheckpoint('runs/1/step-400.safetensors', initTrainState(params, optimizer));
 */
export async function loadCheckpoint<State extends Pick<Checkpoint<unknown>, 'params' | 'optimizer' | 'lossScale'>>(
  path: string,
  like: State,
): Promise<{
  params: Params<HostArray>;
  optimizer: Leaves<State['optimizer'], HostArray>;
  lossScale?: { scale: HostArray; goodSteps: HostArray };
  step: number;
  metadata: Record<string, unknown>;
}> {
  const refuse = (rule: string, got: string, hint?: string): never => {
    throw new WeightsError({ function: 'loadCheckpoint', argument: path, rule, got, ...(hint !== undefined && { hint }) });
  };
  const file = await readSafetensors(path);
  try {
    if (file.metadata[mark] !== '1') refuse('must be a checkpoint', 'another safetensors file', 'Weights alone are read by loadWeights');
    const { params, optimizer, lossScale } = like;
    const state = { params, optimizer: optimizer as State['optimizer'], ...(lossScale && { lossScale }) };
    const leaves = leavesOf('loadCheckpoint', state);
    for (const [name, leaf] of leaves) {
      const entry = file.entries[name] ?? refuse(`must hold \`${name}\``, 'nothing of this name');
      const expected = `${dtypeOf(leaf)} [${leaf.shape.join(', ')}]`;
      const found = `${entry.dtype} [${entry.shape.join(', ')}]`;
      if (found !== expected) refuse(`must hold \`${name}\` as ${expected}`, found);
    }
    const unexpected = Object.keys(file.entries).find((name) => !leaves.has(name));
    if (unexpected !== undefined) refuse('must hold nothing but the state', `\`${unexpected}\``);
    const { step, metadata } = parseRest(file.metadata) ?? refuse('must hold a step and metadata', 'what cannot be read');
    const arrays = new Map<string, HostArray>();
    for (const name of leaves.keys()) arrays.set(name, await file.read(name));
    return { ...mapLeaves('loadCheckpoint', state, (_leaf, name) => arrays.get(name)!), step, metadata };
  } finally {
    await file.close();
  }
}

function leavesOf(caller: string, tree: object): Map<string, StateArray> {
  const leaves = new Map<string, StateArray>();
  mapLeaves(caller, tree, (leaf, name) => leaves.set(name, leaf));
  return leaves;
}

/** Step and metadata, or undefined when a header's are not what `saveCheckpoint` writes. */
function parseRest(header: Readonly<Record<string, string>>): { step: number; metadata: Record<string, unknown> } | undefined {
  try {
    const step = Number.parseInt(header['step'] ?? '', 10);
    const metadata: unknown = JSON.parse(header['metadata'] ?? '');
    const isRecord = typeof metadata === 'object' && metadata !== null && !Array.isArray(metadata);
    return Number.isSafeInteger(step) && isRecord ? { step, metadata: metadata as Record<string, unknown> } : undefined;
  } catch {
    return undefined;
  }
}

/** A leaf's dtype in safetensors' words. */
function dtypeOf(leaf: StateArray): string {
  if ('dtype' in leaf) return { float32: 'F32', int32: 'I32', bool: 'U8', complex64: 'complex64', string: 'string' }[leaf.dtype];
  if (leaf.data instanceof Float32Array) return 'F32';
  return leaf.data instanceof Int32Array ? 'I32' : 'U8';
}
