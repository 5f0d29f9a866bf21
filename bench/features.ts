import '@tensorflow/tfjs';
import { parseArgs } from 'node:util';
import { createKey, foldIn, type HostArray, randomStream } from '@fsc-clip/core';
import { type Device, jit } from '@fsc-clip/engine';
import { createEncoder, createModel, type Model, type ModelName } from '@fsc-clip/models';
import { tokenGroups } from './captions.js';
import { featuresAgainstPyTorch } from './features-against-pytorch.js';
import { median } from './run-json.js';
import { torchHelp } from './torch.js';

const help = `Features by createEncoder, random weights: images a second and captions a second, tokens given.

npm run bench -- features [options]
  --model NAME      an open_clip name (ViT-B-32-quickgelu: OpenAI's, and PyTorch's side)
  --of WHAT         images or texts (images); captions are COCO's, packed
  --batch N         images or captions of a run (32)
  --device DEVICE   cpu, webgpu, cuda or eager (cpu)
  --runs N          runs that count (20), after two that do not
  --against pytorch beside bench/peers/pytorch_step.py, images and texts, in rounds: ratios above 1 are ours
  --rounds N        with --against: processes of each side (3); --batch may be a list (1,32)
  --json            print JSON only: one line, with --against one for each case

${torchHelp}`;

/** Times encoders over a stream. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: 'string', default: 'ViT-B-32-quickgelu' },
      of: { type: 'string', default: 'images' },
      batch: { type: 'string' },
      device: { type: 'string', default: 'cpu' },
      runs: { type: 'string', default: '20' },
      against: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const { model: name, of, batch, device, against, json } = values;
  const [runs, rounds] = [Number(values.runs), Number(values.rounds)];
  if (values.help) {
    console.log(help);
    return;
  }
  if (against !== undefined) {
    if (against !== 'pytorch') throw new Error(`--against must be pytorch, got ${against}`);
    await featuresAgainstPyTorch({ model: name, batches: (batch ?? '1,32').split(',').map(Number), runs, rounds, json });
    return;
  }
  if (of !== 'images' && of !== 'texts') throw new Error(`--of must be images or texts, got ${of}`);
  const measured = await measure({ name: name as ModelName, of, batch: Number(batch ?? 32), device: device as Device, runs });
  console.log(JSON.stringify({ model: name, of, device, ...measured }));
}

interface Case {
  readonly name: ModelName;
  readonly of: 'images' | 'texts';
  readonly batch: number;
  readonly device: Device;
  readonly runs: number;
}

async function measure({ name, of, batch, device, runs }: Case) {
  const model = createModel(name);
  const params = model.init(createKey(0));
  const encoder = createEncoder(model, params, { jit: (tower) => jit(tower, { device }), batchSize: batch });
  // Texts go on with the next run where they do not fit: what counts is their number, not that of the runs.
  const features =
    of === 'images'
      ? encoder.encodeImages(repeated(images(model, batch), runs + 2))
      : encoder.encodeTexts(repeated(captions(batch), runs + 2));

  const perItem: number[] = [];
  let [started, cpu, cpuSeconds, items, seen] = [performance.now(), process.cpuUsage(), 0, 0, 0];
  for await (const { shape } of features) {
    const [now, used] = [performance.now(), process.cpuUsage(cpu)];
    if (seen >= 2 * batch) {
      perItem.push((now - started) / 1000 / shape[0]!);
      cpuSeconds += (used.user + used.system) / 1e6;
      items += shape[0]!;
    }
    seen += shape[0]!;
    [started, cpu] = [performance.now(), process.cpuUsage()];
  }
  await encoder.dispose();
  return {
    batch,
    perSecond: 1 / median(perItem),
    perSecondBest: 1 / Math.min(...perItem),
    cpuSeconds: (cpuSeconds / items) * batch,
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
}

function* repeated<Item>(items: readonly Item[], times: number): Generator<Item> {
  for (let i = 0; i < times; i++) yield* items;
}

function images({ config }: Model, count: number): HostArray<Float32Array>[] {
  const side = config.vision_cfg.image_size;
  const random = randomStream(foldIn(createKey(0), 'images'));
  return Array.from({ length: count }, () => ({
    data: Float32Array.from({ length: 3 * side * side }, () => random.normal()),
    shape: [3, side, side],
  }));
}

/** The captions that PyTorch's side takes from the same file: without their negatives. */
function captions(count: number): (readonly number[])[] {
  const groups = tokenGroups();
  return Array.from({ length: count }, (_, i) => groups[i % groups.length]![0]!);
}
