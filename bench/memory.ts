import { parseArgs } from 'node:util';
import { layouts, type Measured, runOurStep, runPeerStep, type StepCase, withTokens } from './step-sides.js';
import { pythonWithTorch, torchHelp } from './torch.js';

const help = `Peak of resident memory of a training step, ours and PyTorch's, both with their texts packed, each in a process of its own, with
the environment as it is: the first step included. Ours also with every residual block computed again in the backward pass (remat), and
beside what step.memory said before the first step: that is of what a step holds when the first one is past, without Node itself.

npm run bench -- memory [options]
  --model NAME      ViT-B-32-quickgelu
  --batch LIST      images per step (8,32); 32 takes several GB on both sides
  --lora LIST       ranks of adapters; 0: full fine-tuning (0,4)
  --steps N         steps after the first two (2)
  --json            print one line of JSON for each case

${torchHelp}`;

/** One run of ours: `heldRssMb` is what the process grew by from before the model was made to after the last step. */
interface OurMemory extends Measured {
  readonly heldRssMb: number;
}

/** Compares peaks at equal layout: a ratio below 1 is ours to the good. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      model: { type: 'string', default: 'ViT-B-32-quickgelu' },
      batch: { type: 'string', default: '8,32' },
      lora: { type: 'string', default: '0,4' },
      steps: { type: 'string', default: '2' },
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
        const [plain, remat] = [await measure(step, []), await measure(step, ['--remat'])];
        const ratios = { plain: ratio(plain.peakMb, pytorch.peakRssMb), remat: ratio(remat.peakMb, pytorch.peakRssMb) };
        const result = { ...step, pytorchPeakMb: pytorch.peakRssMb, plain, remat, ratios };
        console.log(values.json ? JSON.stringify(result) : JSON.stringify(result, undefined, 2));
      }
  });
}

/** Our step measured and, in another process, estimated. */
async function measure(step: StepCase, options: readonly string[]) {
  const all = [...layouts.ours.packed, ...options];
  const { peakRssMb: peakMb, heldRssMb: heldMb } = await runOurStep<OurMemory>(step, all);
  const { total } = await runOurStep<{ readonly total: number }>(step, [...all, '--estimate']);
  const estimatedMb = Math.round(total / 2 ** 20);
  return { peakMb, heldMb, estimatedMb, estimatedShare: ratio(estimatedMb, heldMb) };
}

function ratio(a: number, b: number): number {
  return Number((a / b).toPrecision(3));
}
