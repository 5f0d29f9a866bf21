import { parseArgs } from 'node:util';
import { layouts, type Measured, runOurStep, runPeerStep, type StepCase, withTokens } from './step-sides.js';
import { pythonWithTorch, torchHelp } from './torch.js';

const help = `Peak of resident memory of a training step, ours and PyTorch's, both with their texts packed, each in a process of its own, with
the environment as it is, from its start to the last step. Ours also with every residual block computed again in the backward pass (remat),
and with frozen weights held once (holdOnce: prepack false, LoRA alone). Beside them, what step.memory says before the first step, and what
it speaks of: by how much memory grows from before the step is compiled, when Node and onnxruntime are there, to after the last step.

npm run bench -- memory [options]
  --model NAME      ViT-B-32-quickgelu
  --batch LIST      images per step (8,32); 32 takes several GB on both sides
  --lora LIST       ranks of adapters; 0: full fine-tuning (0,4)
  --steps N         steps after the first two (1)
  --json            print one line of JSON for each case

${torchHelp}`;

/** What our step can be asked for. */
const variants = { plain: [], remat: ['--remat'], holdOnce: ['--hold-once'] } as const;

/** Compares peaks at equal layout: a ratio below 1 is ours to the good. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: 'string', default: 'ViT-B-32-quickgelu' },
      batch: { type: 'string', default: '8,32' },
      lora: { type: 'string', default: '0,4' },
      steps: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const python = await pythonWithTorch();
  if (!python) return;
  const [batches, ranks] = [values.batch, values.lora].map((list) => list.split(',').map(Number)) as [number[], number[]];
  await withTokens(async (tokens) => {
    for (const lora of ranks)
      for (const batch of batches) {
        const step: StepCase = { model: values.model, batch, lora, steps: Number(values.steps) };
        const pytorch = await runPeerStep(python, step, tokens, layouts.theirs.packed);
        const ours = [];
        for (const variant of ['plain', 'remat', ...(lora > 0 ? (['holdOnce'] as const) : [])] as const) {
          ours.push([variant, await measure(step, variants[variant], pytorch)] as const);
        }
        const result = { ...step, pytorchPeakMb: pytorch.peakRssMb, ...Object.fromEntries(ours) };
        console.log(values.json ? JSON.stringify(result) : JSON.stringify(result, undefined, 2));
      }
  });
}

/** Our step in three processes: its peak, what it holds, and what it is estimated to hold. */
async function measure(step: StepCase, options: readonly string[], pytorch: Measured) {
  const all = [...layouts.ours.packed, ...options];
  const { peakRssMb: peakMb } = await runOurStep(step, all);
  const { heldRssMb: heldMb } = await runOurStep<{ readonly heldRssMb: number }>(step, [...all, '--held']);
  const { total } = await runOurStep<{ readonly total: number }>(step, [...all, '--estimate']);
  const estimatedMb = Math.round(total / 2 ** 20);
  return { peakMb, ofPyTorch: ratio(peakMb, pytorch.peakRssMb), heldMb, estimatedMb, estimatedOfHeld: ratio(estimatedMb, heldMb) };
}

function ratio(a: number, b: number): number {
  return Number((a / b).toPrecision(3));
}
