import '@tensorflow/tfjs';
import { parseArgs } from 'node:util';
import { createKey, foldIn, type Params, randomStream } from '@fsc-clip/core';
import { adamW, disposeParams, mapParams, partitionParams } from '@fsc-clip/core/tensor';
import { type Device, jit, toDevice } from '@fsc-clip/engine';
import { fscClipLoss } from '@fsc-clip/losses';
import { addLora, createModel, isLora, type Model, type ModelName, packTexts, planPacking } from '@fsc-clip/models';
import { createTrainStep, initTrainState, type TrainModel } from '@fsc-clip/training';
import { square, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { textsOf, tokenGroups } from './captions.js';
import { collect } from './collect.js';
import { matMulPeak } from './matmul-peak.js';
import { median } from './run-json.js';
import { layouts, stepAgainstPyTorch } from './step-against-pytorch.js';
import { stepFlops } from './step-flops.js';
import { torchHelp } from './torch.js';

const help = `One FSC-CLIP training step under jit, random weights: 1 caption and 3 negatives per image, clip + 0.5 global + 0.2 local loss, AdamW.

npm run bench -- step [options]
  --model NAME      an open_clip name (ViT-B-32-quickgelu: OpenAI's, and PyTorch's side)
  --batch N         images per step (8)
  --texts LAYOUT    padded (to the model's context), trimmed (to the longest of the batch), packed (end to end) or tree (packed, what
                    they begin with alike once) (padded)
  --lora RANK       train adapters of this rank instead of all weights (0: full fine-tuning)
  --remat           compute each residual block again in the backward pass
  --hold-once       frozen weights in memory once, not packed for each product (jit's prepack: false)
  --device DEVICE   cpu, webgpu, cuda or eager (cpu)
  --steps N         steps that count (5), after two that do not
  --held            keep the tensors that the step began with, and say by how much memory grew from before the step was compiled
  --estimate        print what step.memory says that a step will hold, in bytes, and run none
  --against pytorch beside bench/peers/pytorch_step.py, all layouts of texts, in rounds: ratios above 1 are ours
  --ours LIST       with --against: layouts of ours (tree,packed,trimmed,padded); --theirs: packed,trimmed,padded,bf16 (packed)
  --rounds N        with --against: runs of each side (1); --model, --batch and --lora may be lists (--lora 0,4)
  --json            print JSON only: one line, with --against one for each case

${torchHelp}`;

/** Times whole steps: forward, backward and optimizer, state on the device. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: 'string', default: 'ViT-B-32-quickgelu' },
      batch: { type: 'string', default: '8' },
      texts: { type: 'string', default: 'padded' },
      lora: { type: 'string', default: '0' },
      remat: { type: 'boolean', default: false },
      'hold-once': { type: 'boolean', default: false },
      held: { type: 'boolean', default: false },
      device: { type: 'string', default: 'cpu' },
      steps: { type: 'string', default: '5' },
      estimate: { type: 'boolean', default: false },
      against: { type: 'string' },
      rounds: { type: 'string', default: '1' },
      ours: { type: 'string', default: layouts.ours.join() },
      theirs: { type: 'string', default: layouts.theirs.join() },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  if (values.against !== undefined) {
    if (values.against !== 'pytorch') throw new Error(`--against must be pytorch, got ${values.against}`);
    const numbers = (list: string) => list.split(',').map(Number);
    await stepAgainstPyTorch({
      models: values.model.split(','),
      batches: numbers(values.batch),
      ranks: numbers(values.lora),
      ours: layouts.ours.filter((layout) => values.ours.split(',').includes(layout)),
      theirs: layouts.theirs.filter((layout) => values.theirs.split(',').includes(layout)),
      steps: Number(values.steps),
      rounds: Number(values.rounds),
      json: values.json,
    });
    return;
  }
  const [batch, lora, steps] = [values.batch, values.lora, values.steps].map(Number) as [number, number, number];
  const say = (line: string) => values.json || console.error(line);

  const device = values.device as Device;
  const key = createKey(0);
  const model = createModel(values.model as ModelName);
  const base = values.estimate ? anyWeights(model) : model.init(foldIn(key, 'weights'));
  const all = lora > 0 ? addLora(foldIn(key, 'lora'), base, { rank: lora }) : base;
  const [params, frozen] = lora > 0 ? partitionParams(all, isLora) : [all, {}];
  const optimizer = adamW();
  const trained: TrainModel = values.remat
    ? { apply: (weights, input, options) => model.apply(weights, input, { ...options, remat: true }) }
    : model;
  const step = jit(createTrainStep({ model: trained, loss: fscClipLoss(), optimizer, frozen }), {
    device,
    donate: [0],
    prepack: !values['hold-once'],
  });

  const { image_size: side } = model.config.vision_cfg;
  const random = randomStream(foldIn(key, 'images'));
  const groups = tokenGroups().slice(0, batch);
  const negatives = groups[0]!.length - 1;
  const context =
    values.texts === 'trimmed' ? Math.max(...groups.flat().map(({ length }) => length)) : model.config.text_cfg.context_length;
  const texts = textsOf(groups, context);
  const inputs = {
    images: { data: Float32Array.from({ length: batch * 3 * side * side }, () => random.normal()), shape: [batch, 3, side, side] },
    texts,
    ...(['packed', 'tree'].includes(values.texts) && {
      packed: packTexts(texts, planPacking([texts], { margin: 0, prefixTree: values.texts === 'tree' })),
    }),
    negativeMask: { data: new Float32Array(negatives * batch).fill(1), shape: [negatives, batch] },
  };

  const initial = initTrainState(params, optimizer);
  if (values.estimate) {
    const { table, ...bytes } = await step.memory(initial, inputs, 1e-6);
    say(table);
    console.log(JSON.stringify(bytes));
    return;
  }

  say(
    `compiling ${values.model}, batch ${batch}, texts ${values.texts}, ${lora > 0 ? `LoRA rank ${lora}` : 'full fine-tuning'} on ${values.device} …`,
  );
  const startRss = await residentWithEngine(device);
  const started = performance.now();
  await step.compile(initial, inputs, 1e-6);
  const placed = await toDevice(initial, { device });
  const compileSeconds = (performance.now() - started) / 1000;
  if (!values.held) {
    disposeParams(initial.optimizer.expAvg);
    disposeParams(initial.optimizer.expAvgSq);
    disposeParams(all);
  }
  collect();
  let { state, metrics } = await step(placed, inputs, 1e-6);
  const firstLoss = (await metrics['loss']!.read())[0]!;

  const seconds: number[] = [];
  const cpuSeconds: number[] = [];
  for (let i = -1; i < steps; i++) {
    const [wall, cpu] = [performance.now(), process.cpuUsage()];
    ({ state, metrics } = await step(state, inputs, 1e-6));
    await metrics['loss']!.read();
    const used = process.cpuUsage(cpu);
    if (i < 0) continue;
    seconds.push((performance.now() - wall) / 1000);
    cpuSeconds.push((used.user + used.system) / 1e6);
    say(`step ${i + 1}: ${seconds.at(-1)!.toFixed(2)} s`);
  }
  collect();
  const heldRss = process.memoryUsage.rss() - startRss;
  await step.dispose();
  const [textRows, rowLength] = (inputs.packed?.ids ?? texts).shape as [number, number];
  const flops = stepFlops(model.config, { batch, textRows, rowLength, lora });
  const peak = device === 'cpu' ? await matMulPeak() : undefined;
  console.log(
    JSON.stringify({
      model: values.model,
      batch,
      lora,
      remat: values.remat,
      texts: values.texts,
      device,
      medianSeconds: median(seconds),
      minSeconds: Math.min(...seconds),
      perSecond: batch / median(seconds),
      cpuSeconds: median(cpuSeconds),
      compileSeconds,
      peakRssMb: Math.round(process.resourceUsage().maxRSS / 1024),
      ...(values.held && { heldRssMb: Math.round(heldRss / 2 ** 20) }),
      firstLoss,
      positions: textRows * rowLength,
      gflop: flops / 1e9,
      ...(peak !== undefined && { matMulGflops: peak / 1e9, shareOfPeak: flops / median(seconds) / peak }),
    }),
  );
}

/** Resident memory when a first program of the device has run: Node, the engine and onnxruntime are there. */
async function residentWithEngine(device: Device): Promise<number> {
  const first = jit((x: Tensor) => square(x), { device });
  (await first(1)).dispose();
  await first.dispose();
  collect();
  return process.memoryUsage.rss();
}

/** Weights for an estimate, as far as it looks at them: drawing 151 million numbers takes 11 s. Norms begin with ones and zeros. */
function anyWeights({ shapes }: Model): Params<Tensor> {
  let last = 0;
  return mapParams(shapes, (shape, name) => {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (shape.length === 1 && name.includes('ln_')) data.fill(name.endsWith('weight') ? 1 : 0);
    else if (!name.endsWith('bias')) for (let i = 0; i < data.length; i++) data[i] = ++last;
    return tensor(data, [...shape]);
  });
}
