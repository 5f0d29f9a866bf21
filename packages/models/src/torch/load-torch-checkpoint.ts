import { type HostArray, type Params, WeightsError } from '@fsc-clip/core';
import { createParams, decays as referenceDecays } from '@fsc-clip/core/tensor';
import { refuser } from '../files/refuse.js';
import { isLora } from '../lora/adapters.js';
import type { Model } from '../model/create-model.js';
import { sameShape } from '../model/weights.js';
import { readWeights } from '../weights/load-weights.js';
import { type Decays, parameterGroups } from './parameter-groups.js';
import { readTorch, type TorchFile } from './read-torch.js';
import type { AdamWArrays } from './save-torch-checkpoint.js';
import { findStateDict } from './state-dict.js';
import { isTensor, type TorchDict, type TorchTensor, type TorchValue } from './torch-value.js';

/** Options of `loadTorchCheckpoint`. */
export interface LoadTorchCheckpointOptions {
  readonly model: Model;
  /**
   * Which weights were trained, by open_clip's name. @defaultValue all, or only the adapters, whichever the optimizer has as many of
   */
  readonly trained?: (name: string) => boolean;
  /** Which parameters decayed. @defaultValue the reference's rule, `decays` of `@fsc-clip/core/tensor` */
  readonly decays?: Decays;
}

/** A training checkpoint of PyTorch. */
export interface LoadedTorchCheckpoint {
  readonly params: Params<HostArray>;
  /** In the place of `optimizer.init(…)`'s result: a compiled step takes it as it is. */
  readonly optimizer: AdamWArrays<HostArray>;
  /** Epochs done; 0 where the file does not say. */
  readonly epoch: number;
  readonly name: string;
  /** The last step's learning rate. */
  readonly learningRate: number;
  /** The file's header, where `saveTorchCheckpoint` wrote it. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a training checkpoint of the reference or open_clip, `{ epoch, name, state_dict, optimizer }`, with the state of
 * `torch.optim.AdamW`: a run goes on here where PyTorch stopped. The optimizer knows parameters by number only; names come from the
 * order of the `state_dict`, the parameters without decay first, and every shape is checked. The state of a gradient scaler is not needed
 * here and left out.
 *
 * @throws WeightsError for a file that cannot be trusted, weights that are not the model's, or an optimizer that does not fit them
 * @example
 * const { params, optimizer, epoch } = await loadTorchCheckpoint('epoch_3.pt', { model });
 */
export async function loadTorchCheckpoint(path: string, options: LoadTorchCheckpointOptions): Promise<LoadedTorchCheckpoint> {
  const { params, metadata } = await readWeights(path, { model: options.model });
  const file = await readTorch(path);
  try {
    const refuse = refuser('loadTorchCheckpoint', path);
    const root = dictionary(file.value) ?? refuse('must be a dictionary', 'something else');
    const saved =
      dictionary(root.get('optimizer')) ?? refuse('must hold an optimizer', 'none', { hint: 'Weights alone are read by loadWeights' });
    const groups = groupsOf(saved) ?? refuse('must hold an optimizer with groups of parameters', 'something else');
    const indices = groups.flatMap((group) => group.indices);
    const names = namesOf(file, params, indices.length, options.trained);
    const moments = momentsOf(saved, indices);
    const { decays = referenceDecays } = options;
    // One group lists parameters as the model does; the reference's two, those without decay first.
    const ordered = groups.length === 1 ? names : parameterGroups(names, (name) => params[name]!.shape, decays).flat();
    if (ordered.length !== moments.length)
      refuse(`must hold the state of ${ordered.length} weights`, String(moments.length), { hint: 'Say which were trained: `trained`' });
    for (const [i, name] of ordered.entries()) checkMoment(name, params[name]!, moments[i]!);
    const read = async (part: 'expAvg' | 'expAvgSq'): Promise<Params<HostArray>> => {
      const arrays: [string, HostArray][] = [];
      for (const [i, name] of ordered.entries()) arrays.push([name, await file.read(moments[i]![part])]);
      return createParams(arrays);
    };
    const [epoch, name] = [root.get('epoch'), root.get('name')];
    return {
      params,
      optimizer: { step: await sharedStep(file, path, moments), expAvg: await read('expAvg'), expAvgSq: await read('expAvgSq') },
      epoch: typeof epoch === 'number' ? epoch : 0,
      name: typeof name === 'string' ? name : '',
      learningRate: groups[0]!.learningRate,
      metadata,
    };
  } finally {
    await file.close();
  }
}

interface Group {
  readonly indices: readonly number[];
  readonly learningRate: number;
}

interface Moments {
  /** A tensor; a number before PyTorch 1.12. */
  readonly step: TorchTensor | number;
  readonly expAvg: TorchTensor;
  readonly expAvgSq: TorchTensor;
}

function dictionary(value: TorchValue | undefined): TorchDict | undefined {
  return value instanceof Map ? value : undefined;
}

function groupsOf(saved: TorchDict): Group[] | undefined {
  const groups = saved.get('param_groups');
  if (!Array.isArray(groups) || groups.length === 0) return undefined;
  const read = groups.map((group) => {
    const [indices, learningRate] = [dictionary(group)?.get('params'), dictionary(group)?.get('lr')];
    const counted = Array.isArray(indices) && indices.every((index) => typeof index === 'number');
    return counted && typeof learningRate === 'number' ? { indices: indices as number[], learningRate } : undefined;
  });
  return read.every((group) => group !== undefined) ? read : undefined;
}

/** Names of the trained weights in the order of the file. */
function namesOf(file: TorchFile, params: Params<HostArray>, count: number, trained?: (name: string) => boolean): string[] {
  const inFile = [...(findStateDict(file.value)?.keys() ?? [])].map((name) => name.replace(/^module\./, '').replace(/^text\./, ''));
  const names = inFile.filter((name) => params[name]);
  if (trained) return names.filter(trained);
  const adapters = names.filter(isLora);
  return adapters.length === count ? adapters : names;
}

function momentsOf(saved: TorchDict, indices: readonly number[]): Moments[] {
  const states = dictionary(saved.get('state'));
  return indices.flatMap((index) => {
    const state = dictionary(states?.get(index));
    const [step, expAvg, expAvgSq] = ['step', 'exp_avg', 'exp_avg_sq'].map((key) => state?.get(key));
    return (isTensor(step) || typeof step === 'number') && isTensor(expAvg) && isTensor(expAvgSq) ? [{ step, expAvg, expAvgSq }] : [];
  });
}

function checkMoment(name: string, { shape }: HostArray, { expAvg, expAvgSq }: Moments): void {
  for (const moment of [expAvg, expAvgSq]) {
    if (sameShape(moment.shape, shape) && moment.dtype.includes('F')) continue;
    const got = `a moment ${moment.dtype} [${moment.shape.join(', ')}]`;
    throw new WeightsError({ function: 'loadTorchCheckpoint', argument: name, rule: `must have moments [${shape.join(', ')}]`, got });
  }
}

/** PyTorch counts the steps of every parameter; ours is one count. */
async function sharedStep(file: TorchFile, path: string, moments: readonly Moments[]): Promise<HostArray> {
  const steps = new Set<number>();
  for (const { step } of moments) steps.add(typeof step === 'number' ? step : (await file.read(step)).data[0]!);
  const [step] = steps;
  if (steps.size !== 1 || step === undefined)
    return refuser('loadTorchCheckpoint', path)(
      'must have done as many steps with every weight',
      [...steps].slice(0, 4).join(', ') || 'none',
    );
  return { data: new Float32Array([step]), shape: [] };
}
