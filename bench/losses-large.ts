import '@tensorflow/tfjs';
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createKey, foldIn } from '@fsc-clip/core';
import { uniform, valueAndGrads } from '@fsc-clip/core/tensor';
import { jit } from '@fsc-clip/engine';
import { clipLoss } from '@fsc-clip/losses';
import { div, norm, scalar, sub, type Tensor, type Tensor1D } from '@tensorflow/tfjs-core';

const help = `CLIP's loss, value and gradient, over a batch whose logit matrix is not made: chunks of rows, recomputed for the gradient.

npm run bench -- losses-large [options]
  --batch N    images (32768; all pairs would be 4.3 GB, several times over)
  --width N    of the features (512)
  --chunk N    rows at a time (1024); 0 for all at once
  --json       print one line of JSON only`;

/** Under jit on cpu, once. Linux only: peak memory is read off /proc. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      batch: { type: 'string', default: '32768' },
      width: { type: 'string', default: '512' },
      chunk: { type: 'string', default: '1024' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const [batch, width, chunk] = [values.batch, values.width, values.chunk].map(Number) as [number, number, number];
  const options = chunk === 0 ? {} : { chunkSize: chunk };
  const features = jit((key: Tensor1D) => {
    const rows = sub(uniform(key, [batch, width]), 0.5);
    return div(rows, norm(rows, 2, 1, true));
  });
  const key = (name: string) => ({ data: Int32Array.from(foldIn(createKey(0), name)), shape: [2] });
  const [imageFeatures, textFeatures] = [await features(key('images')), await features(key('texts'))];
  const status = (field: string) =>
    Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'utf8'))![1]) * 1024;
  writeFileSync('/proc/self/clear_refs', '5'); // from here on VmHWM is the peak
  const before = status('VmRSS');
  const step = jit((params: Record<'imageFeatures' | 'textFeatures', Tensor>) => {
    const loss = (given: object) => clipLoss({ ...params, ...given, logitScale: scalar(50) }, undefined, options);
    const { value, grads } = valueAndGrads(loss)(params);
    return { value, length: norm(grads['imageFeatures']!) };
  });
  if (!values.json) console.error(`compiling and running batch ${batch}, chunks of ${chunk} …`);
  const started = performance.now();
  const { value, length } = await step({ imageFeatures, textFeatures });
  const [loss, gradientNorm] = [(await value.read())[0], (await length.read())[0]];
  console.log(
    JSON.stringify({
      batch,
      width,
      chunk,
      seconds: (performance.now() - started) / 1000,
      peakMegabytes: Math.round((status('VmHWM') - before) / 1e6),
      logitMatrixMegabytes: Math.round((4 * batch ** 2) / 1e6),
      loss,
      gradientNorm,
    }),
  );
  await step.dispose();
}
