import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { createKey, foldIn, randomStream } from '@fsc-clip/core';

const names = ['clipLoss', 'negClipLoss', 'sigmoidLoss', 'globalNegativeLoss', 'localNegativeLoss', 'fscClipLoss'];

const help = `Value and gradient of the losses under jit on cpu, beside the same losses in PyTorch: time, and peak memory beyond the inputs.

PYTHON=… npm run bench -- losses [options]
  --losses NAMES    ${names.join(',')}
  --batch N         images (256)
  --patches N       patches of an image (49)
  --positions N     positions of a text (77)
  --negatives N     negatives of a caption (3)
  --width N         of features and tokens (512)
  --seconds N       that count for each loss, after as many to warm up (2)
  --json            print JSON only

PYTHON names an interpreter with torch and numpy. To make one:
  python3 -m venv .cache/torch && .cache/torch/bin/pip install torch==2.13.0 numpy
  PYTHON=.cache/torch/bin/python npm run bench -- losses`;

/** One loss on one side, as both children print it. */
interface Measured {
  readonly milliseconds: readonly number[];
  readonly peakBytes: number;
  readonly value: number;
  readonly peer?: string;
}

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));
const runFile = promisify(execFile);

/** Times every loss on both sides, each in a process of its own, one after the other. Linux only: peak memory is read off /proc. */
export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      losses: { type: 'string', default: names.join(',') },
      batch: { type: 'string', default: '256' },
      patches: { type: 'string', default: '49' },
      positions: { type: 'string', default: '77' },
      negatives: { type: 'string', default: '3' },
      width: { type: 'string', default: '512' },
      seconds: { type: 'string', default: '2' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(help);
    return;
  }
  const python = process.env['PYTHON'] ?? 'python3';
  const torch = await runFile(python, ['-c', 'import torch, numpy']).then(
    () => true,
    () => false,
  );
  if (!torch) {
    console.error(`${python} has no torch and numpy.\n\n${help}`);
    process.exitCode = 2;
    return;
  }
  const { batch, patches, positions, negatives, width, seconds } = values;
  const sizes = [batch, patches, positions, negatives, width];
  const folder = await mkdtemp(join(tmpdir(), 'bench-losses-'));
  try {
    await writeInputs(folder, sizes.map(Number) as [number, number, number, number, number]);
    const results: Record<string, object> = {};
    for (const name of values.losses.split(',')) {
      const measure = async (command: string, first: string[]): Promise<Measured> =>
        JSON.parse((await runFile(command, [...first, name, folder, ...sizes, seconds])).stdout);
      const ours = await measure(process.execPath, ['--import', 'tsx', '--conditions=source', here('losses-child.ts')]);
      const theirs = await measure(python, [here('peers/losses.py')]);
      results[name] = compare(ours, theirs);
      if (!values.json) console.log(name, results[name]);
    }
    if (values.json) console.log(JSON.stringify({ batch, patches, positions, negatives, width, results }));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function compare(ours: Measured, theirs: Measured) {
  // the fastest steps: what else runs on a machine only adds
  const [time, peerTime] = [Math.min(...ours.milliseconds), Math.min(...theirs.milliseconds)];
  const round = (number: number) => Number(number.toPrecision(3));
  return {
    milliseconds: round(time),
    peerMilliseconds: round(peerTime),
    timeRatio: round(time / peerTime),
    peakMegabytes: round(ours.peakBytes / 1e6),
    peerPeakMegabytes: round(theirs.peakBytes / 1e6),
    memoryRatio: round(ours.peakBytes / theirs.peakBytes),
    valueDifference: round(Math.abs(ours.value / theirs.value - 1)),
    peer: theirs.peer,
  };
}

/** Random inputs as raw float32: unit features, normal tokens, captions of 8 to 19 words, every slot filled, scale 50. */
async function writeInputs(folder: string, [B, P, T, K, D]: [number, number, number, number, number]): Promise<void> {
  const N = B * (1 + K);
  const write = (name: string, data: Float32Array) => writeFile(join(folder, `${name}.f32`), data);
  const stream = (name: string) => randomStream(foldIn(createKey(0), name));
  const normals = (name: string, size: number) => Float32Array.from({ length: size }, stream(name).normal);
  const units = (name: string, rows: number) => {
    const data = normals(name, rows * D);
    for (let row = 0; row < rows; row++) {
      const vector = data.subarray(row * D, (row + 1) * D);
      const length = Math.hypot(...vector);
      vector.forEach((x, i) => {
        vector[i] = x / length;
      });
    }
    return data;
  };
  const { integer } = stream('lengths');
  const lengths = Array.from({ length: N }, () => 8 + integer(12));
  await write('imageFeatures', units('imageFeatures', B));
  await write('textFeatures', units('textFeatures', N));
  await write('imageTokens', normals('imageTokens', B * P * D));
  await write('textTokens', normals('textTokens', N * T * D));
  await write(
    'textMask',
    Float32Array.from({ length: N * T }, (_, i) => Number(i % T > 0 && i % T <= lengths[Math.floor(i / T)]!)),
  );
  await write('negativeMask', new Float32Array(K * B).fill(1));
  await write('logitScale', Float32Array.of(50));
}
