import '@tensorflow/tfjs';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClipOutput, HostArray, Params } from '@fsc-clip/core';
import { type LossTerms, mapParams, valueAndGrads } from '@fsc-clip/core/tensor';
import { type DeviceArray, jit } from '@fsc-clip/engine';
import {
  clipLoss,
  fscClipLoss,
  globalNegativeLoss,
  type HasNegatives,
  localNegativeLoss,
  negClipLoss,
  sigmoidLoss,
} from '@fsc-clip/losses';
import { type Scalar, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';

// Value and gradient of one loss under jit, timed: what `npm run bench -- losses` runs in a process of its own, as its PyTorch peer.
// LOSS FOLDER B P T K D SECONDS; prints one line of JSON: milliseconds of every step that counts, peak memory beyond the inputs, the value.

type Name = keyof ClipOutput<Tensor>;
type Loss = (output: ClipOutput<Tensor>, batch: HasNegatives) => Scalar | LossTerms;

const features: readonly Name[] = ['imageFeatures', 'textFeatures', 'logitScale'];
const tokens: readonly Name[] = ['imageTokens', 'textTokens', 'logitScale'];
const losses: Readonly<Record<string, readonly [Loss, readonly Name[]]>> = {
  clipLoss: [clipLoss, features],
  negClipLoss: [negClipLoss, features],
  sigmoidLoss: [(output) => sigmoidLoss({ ...output, logitBias: scalar(-10) }), features],
  globalNegativeLoss: [globalNegativeLoss, features],
  localNegativeLoss: [localNegativeLoss, tokens],
  fscClipLoss: [fscClipLoss(), [...new Set([...features, ...tokens])]],
};

const [name, folder, ...sizes] = process.argv.slice(2) as [string, string, ...string[]];
const [B, P, T, K, D, seconds] = sizes.map(Number) as [number, number, number, number, number, number];
const N = B * (1 + K);
const [loss, differentiated] = losses[name]!;

const read = (array: string, shape: number[]): HostArray => {
  const bytes = readFileSync(join(folder, `${array}.f32`));
  return { data: new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4), shape };
};
const given = {
  imageFeatures: read('imageFeatures', [B, D]),
  textFeatures: read('textFeatures', [N, D]),
  imageTokens: read('imageTokens', [B, P, D]),
  textTokens: read('textTokens', [N, T, D]),
  textMask: read('textMask', [N, T]),
  logitScale: read('logitScale', []),
};

// all inputs move to the engine first
const hold = jit((arrays: Params<Tensor>) => mapParams(arrays, (array) => array.clone()));
const { negativeMask, ...output } = await hold({ ...given, negativeMask: read('negativeMask', [K, B]) });

const status = (field: string) =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;
writeFileSync('/proc/self/clear_refs', '5'); // from here on VmHWM is the peak
const before = status('VmRSS');

const step = jit((params: Params<Tensor>, rest: Params<Tensor>, batch: HasNegatives) =>
  tidy(() => {
    const whole = (params: Params<Tensor>) => ({ ...rest, ...params }) as Params<Tensor> & ClipOutput<Tensor>;
    const { value, grads } = valueAndGrads((params) => loss(whole(params), batch))(params);
    return { value, grads };
  }),
);
const only = (wanted: boolean) =>
  Object.fromEntries(Object.entries(output).filter(([key]) => differentiated.includes(key as Name) === wanted));
const [params, rest] = [only(true), only(false)] as [Params<DeviceArray>, Params<DeviceArray>];
const milliseconds: number[] = [];
const began = performance.now();
let value = Number.NaN;
while (performance.now() - began < 2000 * seconds || milliseconds.length < 3) {
  const start = performance.now();
  const result = await step(params, rest, { negativeMask: negativeMask! });
  if (start - began >= 1000 * seconds) milliseconds.push(performance.now() - start); // before that it warms up
  value = (await result.value.read())[0]!;
  for (const array of [result.value, ...Object.values(result.grads)]) array.dispose();
}
console.log(JSON.stringify({ milliseconds, peakBytes: status('VmHWM') - before, value }));
process.exit();
