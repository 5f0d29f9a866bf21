import { OptionError, type Params, WeightsError } from '@fsc-clip/core';
import { decays as referenceDecays } from '@fsc-clip/core/tensor';
import type { Model } from '../model/create-model.js';
import { arraySource, type WritableArray } from '../weights/array-source.js';
import { checkWeights } from '../weights/check-weights.js';
import { headerOf, pickleTexts } from '../weights/save-weights.js';
import { type Decays, parameterGroups, torchOrder } from './parameter-groups.js';
import {
  type Pickled,
  pickleConstant,
  pickleDict,
  pickleFloat,
  pickleInteger,
  pickleList,
  pickleOrderedDict,
  pickleText,
  pickleTuple,
} from './pickle.js';
import { writeTorch } from './write-torch.js';

/** AdamW's state in arrays of one kind: `AdamWState` of `@fsc-clip/core/tensor` is one. */
export interface AdamWArrays<A> {
  /** f32 scalar: updates done. */
  readonly step: A;
  readonly expAvg: Params<A>;
  readonly expAvgSq: Params<A>;
}

/** What a run writes to go on in PyTorch. */
export interface TorchCheckpoint<A> {
  /** All weights, trained and frozen. */
  readonly params: Params<A>;
  /** State of the trained weights. */
  readonly optimizer: AdamWArrays<A>;
  /** Epochs done. */
  readonly epoch: number;
  /** The run's name. @defaultValue '' */
  readonly name?: string;
}

/** Options of `saveTorchCheckpoint`: what PyTorch's optimizer keeps beside its moments. */
export interface SaveTorchCheckpointOptions {
  /** The weights' model: they are checked against it, and it gives PyTorch's order of parameters. */
  readonly model: Model;
  readonly learningRate: number;
  /** @defaultValue [0.9, 0.98] */
  readonly betas?: readonly [number, number];
  /** @defaultValue 1e-6 */
  readonly epsilon?: number;
  /** Of the group that decays. @defaultValue 0.1 */
  readonly weightDecay?: number;
  /** Which parameters decay. @defaultValue the reference's rule, `decays` of `@fsc-clip/core/tensor` */
  readonly decays?: Decays;
  /** More entries for the header. @defaultValue {} */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes a training checkpoint as the reference and open_clip save it, `{ epoch, name, state_dict, optimizer }`, with the state of
 * `torch.optim.AdamW`: `optimizer.load_state_dict(torch.load(path, weights_only=True)['optimizer'])` goes on where the run stopped. Two
 * groups, without and with decay, parameters in the model's order.
 *
 * @throws WeightsError when the weights are not the model's, a moment does not fit its weight, or the file cannot be written
 * @example
 * await saveTorchCheckpoint('epoch_3.pt', { ...state, epoch: 3 }, { model, learningRate: 1e-6 });
 */
export async function saveTorchCheckpoint(
  path: string,
  { params, optimizer, epoch, name = '' }: TorchCheckpoint<WritableArray>,
  options: SaveTorchCheckpointOptions,
): Promise<void> {
  const caller = 'saveTorchCheckpoint';
  const { model, learningRate, betas = [0.9, 0.98], epsilon = 1e-6, weightDecay = 0.1, decays = referenceDecays } = options;
  if (!Number.isSafeInteger(epoch) || epoch < 0)
    throw new OptionError({ function: caller, argument: 'epoch', rule: 'must be an integer of at least 0', got: String(epoch) });
  if (!/\.(pt|pth|bin)$/.test(path))
    throw new OptionError({ function: caller, argument: 'path', rule: 'must end in .pt, .pth or .bin', got: path });
  checkWeights(model, params);
  checkMoments(caller, params, optimizer);

  const modelNames = Object.keys(model.shapes);
  const names = torchOrder(modelNames, Object.keys(params));
  const trained = torchOrder(modelNames, Object.keys(optimizer.expAvg));
  const groups = parameterGroups(trained, (weight) => params[weight]!.shape, decays);
  const source = (array: WritableArray, weight: string) => arraySource(caller, weight, array);

  await writeTorch(caller, path, ({ tensor }) => {
    const weights = names.map((weight) => [pickleText(weight), tensor(source(params[weight]!, weight))] as const);
    const moments = groups.flat().map((weight, i) => {
      const state = pickleDict([
        [pickleText('step'), tensor(source(optimizer.step, 'step'))],
        [pickleText('exp_avg'), tensor(source(optimizer.expAvg[weight]!, weight))],
        [pickleText('exp_avg_sq'), tensor(source(optimizer.expAvgSq[weight]!, weight))],
      ]);
      return [pickleInteger(i), state] as const;
    });
    const hyper = { learningRate, betas, epsilon };
    const [plain, decayed] = groups;
    const groupValues = [group(plain, 0, 0, hyper), group(decayed, plain.length, weightDecay, hyper)];
    return pickleDict([
      [pickleText('epoch'), pickleInteger(epoch)],
      [pickleText('name'), pickleText(name)],
      [pickleText('state_dict'), pickleOrderedDict(weights)],
      [
        pickleText('optimizer'),
        pickleDict([
          [pickleText('state'), pickleDict(moments)],
          [pickleText('param_groups'), pickleList(groupValues)],
        ]),
      ],
      [pickleText('metadata'), pickleTexts({ ...options.metadata, ...headerOf(model, params) })],
    ]);
  });
}

function checkMoments(caller: string, params: Params<WritableArray>, { expAvg, expAvgSq }: AdamWArrays<WritableArray>): void {
  const names = Object.keys(expAvg);
  const wrong = names.find((name) => [expAvgSq[name], params[name]].some((other) => String(other?.shape) !== String(expAvg[name]!.shape)));
  const extra = Object.keys(expAvgSq).find((name) => !expAvg[name]);
  const argument = wrong ?? extra;
  if (argument === undefined) return;
  throw new WeightsError({ function: caller, argument, rule: 'must have a weight and two moments of one shape', got: 'another' });
}

interface Hyper {
  readonly learningRate: number;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
}

/** A group of `torch.optim.AdamW` (PyTorch 2), its switches at their defaults. */
function group(names: readonly string[], first: number, weightDecay: number, { learningRate, betas, epsilon }: Hyper): Pickled {
  const no = pickleConstant(false);
  const unset = pickleConstant(null);
  const fields: Readonly<Record<string, Pickled>> = {
    weight_decay: pickleFloat(weightDecay),
    lr: pickleFloat(learningRate),
    betas: pickleTuple(betas.map(pickleFloat)),
    eps: pickleFloat(epsilon),
    amsgrad: no,
    maximize: no,
    foreach: unset,
    capturable: no,
    differentiable: no,
    fused: unset,
    decoupled_weight_decay: pickleConstant(true),
    params: pickleList(names.map((_, i) => pickleInteger(first + i))),
  };
  return pickleDict(Object.entries(fields).map(([key, value]) => [pickleText(key), value]));
}
