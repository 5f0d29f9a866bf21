import { parseArgs } from 'node:util';
import { torchHelp } from './torch.js';

/** A part of the bench: measures one thing beside its peer, says what it found when `log` is given, and returns it. */
export interface WeightsPart {
  measure(options: WeightsOptions): Promise<object>;
}

export interface WeightsOptions {
  readonly python: string;
  /** How often both sides are run, one after the other. */
  readonly rounds: number;
  /** A file of captions, one a line, for the tokenizer. */
  readonly captions?: string;
}

const parts: Record<string, () => Promise<WeightsPart>> = {
  tokenizer: () => import('./weights-tokenizer.js'),
  images: () => import('./weights-images.js'),
};

const help = `What comes before a model, beside what Python users have: each part in processes of its own, pinned to one core where taskset is
there, one side after the other in rounds; the fastest round of each counts, since what else runs on a machine only adds.

PYTHON=… npm run bench -- weights [options]
  --parts NAMES     ${Object.keys(parts).join(',')}
  --rounds N        (3)
  --captions FILE   captions for the tokenizer, one a line (COCO's of the golden set and their negatives)
  --json            print JSON only

tokenizer  captions a second, warm, beside CLIP's own tokenizer on ftfy and regex
images     JPEG files of about 500×375 to normalised 224×224, a second, beside Pillow and torchvision's transforms

${torchHelp}
The parts also need: pip install ftfy regex pillow`;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      parts: { type: 'string', default: Object.keys(parts).join(',') },
      rounds: { type: 'string', default: '3' },
      captions: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const chosen = values.parts.split(',');
  const unknown = chosen.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined) console.error(`no part ${unknown}\n`);
  if (values.help || unknown !== undefined) {
    console.log(help);
    process.exitCode = unknown === undefined ? 0 : 2;
    return;
  }
  const results: Record<string, object> = {};
  for (const name of chosen) {
    const part = await parts[name]!();
    results[name] = await part.measure({
      python: process.env['PYTHON'] ?? 'python3',
      rounds: Number(values.rounds),
      ...(values.captions !== undefined && { captions: values.captions }),
    });
    if (!values.json) console.log(name, results[name]);
  }
  if (values.json) console.log(JSON.stringify(results));
}
