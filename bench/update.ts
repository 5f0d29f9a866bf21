import '@tensorflow/tfjs';
import { parseArgs } from 'node:util';
import { adamW } from '@fsc-clip/core/tensor';
import { type DeviceArray, jit } from '@fsc-clip/engine';
import { type Scalar, sum, type Tensor } from '@tensorflow/tfjs-core';

const help = `AdamW alone, on the cpu: in place by WebAssembly kernels (state donated), beside ONNX operators (state not donated).
Gradients are arguments here and are copied to where the kernels reach them; in a training step the program writes them there.

npm run bench -- update [options]
  --millions N      parameters, in millions (151: ViT-B/32)
  --arrays N        how many arrays they are (150)
  --steps N         updates that count (5), after two that do not
  --json            print one line of JSON only`;

type Arrays = Record<string, Tensor>;

interface Timing {
  readonly medianSeconds: number;
  readonly cpuSeconds: number;
  /** First weight after all updates: both ways must give the same. */
  readonly weight: number;
}

/** Times updates of weights and moments in both ways. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      millions: { type: 'string', default: '151' },
      arrays: { type: 'string', default: '150' },
      steps: { type: 'string', default: '5' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const [millions, arrays, steps] = [values.millions, values.arrays, values.steps].map(Number) as [number, number, number];
  const size = 4 * Math.ceil((millions * 1e6) / arrays / 4);
  const say = (line: string) => values.json || console.error(line);
  const inPlace = await time(size, arrays, steps, [0]);
  say(`in place: ${inPlace.medianSeconds.toFixed(3)} s an update`);
  const operators = await time(size, arrays, steps, []);
  say(`operators: ${operators.medianSeconds.toFixed(3)} s an update`);
  if (inPlace.weight !== operators.weight) throw new Error(`the two ways differ: ${inPlace.weight} and ${operators.weight}`);
  console.log(JSON.stringify({ millions, arrays, inPlace, operators }));
}

async function time(size: number, count: number, steps: number, donate: number[]): Promise<Timing> {
  const optimizer = adamW();
  const names = Array.from({ length: count }, (_, i) => `array${i}`);
  const host = (number: number) =>
    Object.fromEntries(names.map((name) => [name, { data: new Float32Array(size).fill(number), shape: [size / 4, 4] }]));
  const update = (
    { params, state }: { params: Arrays; state: ReturnType<typeof optimizer.init> },
    grads: Arrays,
    learningRate: Scalar,
  ) => ({
    ...optimizer.update(grads, state, params, { learningRate }),
    done: sum(state.step) as Scalar,
  });
  const step = jit(update, { donate });
  // Gradients live in the engine's worker, as they would in a step.
  const held = jit((grads: Arrays, zero: Scalar) => ({ grads, zero }));
  const { grads } = await held(host(0.01), 0);
  let state: Parameters<typeof step>[0] = { params: host(1), state: { step: 0, expAvg: host(0), expAvgSq: host(0) } };
  const seconds: number[] = [];
  const cpuSeconds: number[] = [];
  for (let i = -2; i < steps; i++) {
    const [wall, cpu] = [performance.now(), process.cpuUsage()];
    const { done, ...next } = await step(state, grads, 1e-3);
    const used = process.cpuUsage(cpu);
    if (i >= 0) seconds.push((performance.now() - wall) / 1000);
    if (i >= 0) cpuSeconds.push((used.user + used.system) / 1e6);
    done.dispose();
    if (donate.length === 0) disposeAll(state);
    state = next;
  }
  const weight = (await (state.params[names[0]!] as DeviceArray).read())[0]!;
  disposeAll(state);
  disposeAll({ params: grads });
  await Promise.all([step.dispose(), held.dispose()]);
  const median = (numbers: number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
  return { medianSeconds: median(seconds), cpuSeconds: median(cpuSeconds), weight };
}

function disposeAll(tree: unknown): void {
  if (typeof tree !== 'object' || tree === null || ArrayBuffer.isView(tree)) return;
  if ('dispose' in tree && typeof tree.dispose === 'function') tree.dispose();
  else for (const value of Object.values(tree)) disposeAll(value);
}
