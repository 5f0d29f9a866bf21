// The paper in small: `npm run quickstart`, `npm run quickstart -- --help`.
import { FscClipError } from '@fsc-clip/core';
import { formatTable, writeReport } from '@fsc-clip/evaluation';
import { createProgress } from '@fsc-clip/training';
import { enableProdMode } from '@tensorflow/tfjs'; // all of tfjs: it registers the gradients
import { compare } from './compare.js';
import { chooseMethods } from './methods.js';
import { type QuickstartOptions, readOptions, usage } from './options.js';
import { openOwnTask } from './own-task.js';
import { alignmentMaps, curves, hardCases } from './report.js';
import { differenceOverSeeds, scoreSummary, scoreTable } from './results.js';
import { openSceneTask } from './scene-task.js';
import { createSkips } from './skips.js';

async function quickstart(options: QuickstartOptions): Promise<void> {
  const started = performance.now();
  const skips = createSkips((line) => process.stderr.write(`${line}\n`));
  const task = options.data ? await openOwnTask(options.data, options, skips) : await openSceneTask(options);
  const methods = chooseMethods(options);

  const progress = createProgress({ total: methods.length * options.seeds * task.steps });
  const { results, shown, samplesPerSecond } = await compare(task, methods, options, ({ loss }, { label }) =>
    progress.advance(1, `${label}  loss ${loss!.toFixed(3)}`),
  );
  progress.close();

  const scores = scoreTable(task, results);
  const skipped = skips.summary();
  const tuned = shown.slice(1);
  await writeReport(options.report, {
    title: task.title,
    lead: 'The same weights, fine-tuned on the same images and captions with different losses.',
    settings: settingsOf(options, task.steps),
    curves: curves(tuned),
    scores,
    hardCases: await hardCases(task, shown),
    alignmentMaps: await alignmentMaps(task, tuned, options.device),
    notes: [...task.notes, ...skipped],
  });

  console.log(formatTable(scores));
  const [clip, fscClip] = ['clip', 'fscClip'].map((name) => results.find((result) => result.name === name)!);
  const headline = task.metrics.find((metric) => metric.headline)!;
  if (options.seeds > 1) {
    const { value, standardError } = differenceOverSeeds(fscClip!, clip!, headline.key);
    const points = [value, standardError].map((fraction) => (100 * fraction).toFixed(1));
    console.log(`\nFSC-CLIP against CLIP, ${headline.label}: ${points[0]} points, ± ${points[1]} over ${options.seeds} seeds`);
  }
  for (const line of skipped) console.log(line);
  console.log(`\nReport: ${options.report}`);
  const seconds = (performance.now() - started) / 1000;
  console.log(JSON.stringify({ seconds, samplesPerSecond, ...scoreSummary(results) }, fourDigits));
}

function settingsOf(options: QuickstartOptions, steps: number) {
  const { seeds, batchSize, learningRate, loraLearningRate, lora, all, singles, device, test, development, own, data } = options;
  return {
    ...(own && { model: own.model, weights: own.weights }),
    ...(data && { data: data.file }),
    seeds,
    steps,
    'batch size': batchSize,
    'learning rate': lora === undefined ? learningRate : loraLearningRate,
    ...((all || lora !== undefined) && { 'LoRA rank': lora ?? 4, 'LoRA learning rate': loraLearningRate }),
    ...(singles > 0 && { 'share of single emoji': singles }),
    device,
    'test questions of a kind': test,
    ...(development && { 'test set': 'development' }),
    node: process.version,
  };
}

function fourDigits(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value;
}

enableProdMode(); // without tfjs's advice to install tfjs-node: jit does the computing
try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') process.stdout.write(usage);
  else await quickstart(options);
} catch (error) {
  if (!(error instanceof FscClipError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
