import { parseArgs } from 'node:util';
import { OptionError } from '@fsc-clip/core';
import type { Device } from '@fsc-clip/engine';

/** What `npm run quickstart -- --help` prints. */
export const usage = `Fine-tunes a CLIP twice from the same weights, with the plain CLIP loss and with FSC-CLIP, and compares them.

  npm run quickstart                               on emoji scenes, with a small CLIP that comes with the repository
  npm run quickstart -- --model ViT-B-32-quickgelu --weights FILE --data captions.tsv --images DIR --lora 4
                                                   on your own images and captions

What is compared
  --all                 also NegCLIP, the global hard-negative loss alone, and FSC-CLIP with LoRA
  --lora RANK           every method trains LoRA adapters of this rank instead of all weights
  --wise-ft ALPHA       also each result averaged with the weights it started from (ALPHA 1: the result, 0: the start)
  --seeds N             repeats all with N seeds                                                            [1]

Training
  --steps N             steps of each fine-tuning                                                           [400; own data: one epoch]
  --batch N             images a step                                                                       [64; own data: 32]
  --learning-rate X     highest learning rate, after a warm-up of 5 % of the steps                          [1e-3; own data: 5e-6]
                        of LoRA adapters                                                                    [10 times as high]
  --singles SHARE       share of single emoji in the scenes that are trained on                             [0]
  --device NAME         cpu, webgpu or cuda                                                                 [cpu]

Your own things
  --model NAME          a model of open_clip, or the path of its JSON config; needs --weights
  --weights FILE        its weights: .safetensors, .pt, .bin
  --activation NAME     gelu or quickgelu, as the weights were trained, where neither file nor name says it
  --data FILE           .tsv or .csv with a line of column names; needs --images, --model
  --images DIR          where its images are
  --image-column NAME   column of the image's path below DIR                                                [filepath]
  --caption-column NAME column of the caption                                                               [title]

Results
  --test N              test scenes of each kind, or held-out pairs of your own                             [500]
  --development         measure on the development scenes: choose settings on these, report on the others
  --report FILE         the report                                                                          [report.html]
  --save DIR            also writes the fine-tuned weights of the first seed, a .safetensors for each method
  --log DIR             also writes the metrics of every step as JSON lines, a file for each method and seed
`;

/** The options, checked and with their defaults. */
export interface QuickstartOptions {
  readonly all: boolean;
  readonly lora: number | undefined;
  readonly wiseFt: number | undefined;
  readonly seeds: number;
  readonly steps: number | undefined;
  readonly batchSize: number;
  readonly learningRate: number;
  readonly loraLearningRate: number;
  readonly singles: number;
  readonly device: Device;
  readonly own: OwnModel | undefined;
  readonly data: OwnData | undefined;
  readonly test: number;
  readonly development: boolean;
  readonly report: string;
  readonly save: string | undefined;
  readonly log: string | undefined;
}

/** A model of the user's. */
export interface OwnModel {
  readonly model: string;
  readonly weights: string;
  /** Whether the weights were trained with QuickGELU; undefined: the file or the model's name says it. */
  readonly quickGelu: boolean | undefined;
}

/** Images and captions of the user's. */
export interface OwnData {
  readonly file: string;
  readonly images: string;
  readonly imageColumn: string;
  readonly captionColumn: string;
}

/**
 * Reads the command line.
 *
 * @returns `'help'` when help was asked for
 * @throws OptionError that names the option
 */
export function readOptions(args: readonly string[]): QuickstartOptions | 'help' {
  const values = parsed(args);
  if (values.help) return 'help';
  const { model, weights, data, images } = values;
  if ((model === undefined) !== (weights === undefined))
    refuse(model ? '--weights' : '--model', 'must be given', 'only the other', 'They belong together');
  if ((data === undefined) !== (images === undefined))
    refuse(data ? '--images' : '--data', 'must be given', 'only the other', 'They belong together');
  if (data !== undefined && model === undefined)
    refuse('--model', 'must be given with --data', 'none', 'The small model knows the words of emoji scenes only');
  const { activation } = values;
  if (activation !== undefined && activation !== 'gelu' && activation !== 'quickgelu')
    return refuse('--activation', 'must be gelu or quickgelu', activation);
  const device = values.device ?? 'cpu';
  if (device !== 'cpu' && device !== 'webgpu' && device !== 'cuda') return refuse('--device', 'must be cpu, webgpu or cuda', device);
  const learningRate = number('--learning-rate', values['learning-rate'], 0, 1) ?? (data === undefined ? 1e-3 : 5e-6);
  return {
    all: values.all ?? false,
    lora: count('--lora', values.lora),
    wiseFt: number('--wise-ft', values['wise-ft'], 0, 1),
    seeds: count('--seeds', values.seeds) ?? 1,
    steps: count('--steps', values.steps),
    batchSize: count('--batch', values.batch) ?? (data === undefined ? 64 : 32),
    learningRate,
    loraLearningRate: values['learning-rate'] === undefined ? 10 * learningRate : learningRate,
    singles: number('--singles', values.singles, 0, 1) ?? 0,
    device,
    own:
      model !== undefined && weights !== undefined
        ? { model, weights, quickGelu: activation === undefined ? undefined : activation === 'quickgelu' }
        : undefined,
    data:
      data !== undefined && images !== undefined
        ? { file: data, images, imageColumn: values['image-column'] ?? 'filepath', captionColumn: values['caption-column'] ?? 'title' }
        : undefined,
    test: count('--test', values.test) ?? 500,
    development: values.development ?? false,
    report: values.report ?? 'report.html',
    save: values.save,
    log: values.log,
  };
}

function parsed(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        help: flag,
        all: flag,
        development: flag,
        ...{ lora: text, 'wise-ft': text, seeds: text, steps: text, batch: text, 'learning-rate': text, singles: text, device: text },
        ...{ model: text, weights: text, activation: text, data: text, images: text, 'image-column': text, 'caption-column': text },
        ...{ test: text, report: text, save: text, log: text },
      },
    }).values;
  } catch (cause) {
    const got = cause instanceof Error ? cause.message.split('. ')[0]! : String(cause);
    throw new OptionError({ function: 'quickstart', argument: 'options', rule: 'must be known ones', got, hint: 'See --help', cause });
  }
}

function count(option: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const read = Number(value);
  return Number.isSafeInteger(read) && read > 0 ? read : refuse(option, 'must be a whole number above 0', value);
}

function number(option: string, value: string | undefined, low: number, high: number): number | undefined {
  if (value === undefined) return undefined;
  const read = Number(value);
  return value.trim() !== '' && read >= low && read <= high ? read : refuse(option, `must be a number from ${low} to ${high}`, value);
}

function refuse(argument: string, rule: string, got: string, hint?: string): never {
  throw new OptionError({ function: 'quickstart', argument, rule, got, ...(hint !== undefined && { hint }) });
}
