// A report over made-up data, to look at while working on its design:
//   npx tsx --conditions=source packages/evaluation/tools/sample-report.ts report.html
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createKey, foldIn, randomStream } from '@fsc-clip/core';
import type { RgbImage } from '@fsc-clip/data';
import { type Metric, pairedDifference, type ReportData, type ScoreRow, writeReport } from '../src/index.js';

const methods = ['Base', 'CLIP', 'NegCLIP', 'Global HN', 'FSC-CLIP', 'FSC-CLIP LoRA'];
const ground = { purple: [128, 78, 176], white: [246, 246, 244], green: [84, 150, 92], sand: [226, 196, 140] } as const;
type Ground = keyof typeof ground;

/** A report with every section, the same each time. */
export function sampleReport(): ReportData {
  const metrics: Metric[] = [
    { key: 'group', label: 'Group score, held-out pairs', chance: 1 / 6, headline: true },
    { key: 'groupRest', label: 'Group score, new concepts', chance: 1 / 6, headline: true },
    { key: 'swap', label: 'Swapped things', chance: 0.5, textOnly: { value: 0.5, standardError: 0.018 } },
    { key: 'colour', label: 'Replaced colour', chance: 0.5, textOnly: { value: 0.561, standardError: 0.018 } },
    { key: 'toText', label: 'Image → text R@1', chance: 0.002 },
    { key: 'toImage', label: 'Text → image R@1', chance: 0.002 },
    { key: 'zeroShot', label: 'Zero-shot, 100 names', chance: 0.01 },
  ];
  const levels: Record<string, number[]> = {
    group: [0.02, 0.083, 0.21, 0.3, 0.428, 0.391],
    groupRest: [0.02, 0.078, 0.16, 0.2, 0.323, 0.298],
    swap: [0.488, 0.594, 0.71, 0.79, 0.85, 0.836],
    colour: [0.62, 0.81, 0.93, 0.95, 0.962, 0.944],
    toText: [0.158, 0.852, 0.861, 0.866, 0.88, 0.842],
    toImage: [0.148, 0.846, 0.85, 0.859, 0.886, 0.838],
    zeroShot: [0.77, 0.373, 0.352, 0.361, 0.358, 0.512],
  };
  const perItem = (key: string, method: number) =>
    Float32Array.from({ length: 400 }, (_, item) =>
      randomStream(foldIn(createKey(1), key, item)).uniform() < levels[key]![method]! ? 1 : 0,
    );
  const rows = methods.map((method, m): ScoreRow => {
    const scores = metrics.map(({ key }) => {
      const items = perItem(key, m);
      const value = items.reduce((sum, item) => sum + item, 0) / items.length;
      const cell = { value, standardError: Math.sqrt((value * (1 - value)) / items.length) };
      return [key, m < 2 ? cell : { ...cell, difference: pairedDifference(items, perItem(key, 1)) }] as const;
    });
    return { method, scores: Object.fromEntries(scores) };
  });
  return {
    title: 'Which thing is on which colour?',
    lead: 'Six ways to fine-tune one small CLIP on emoji scenes, measured on fresh scenes whose counter-image swaps the two things. Numbers in this sample are made up.',
    settings: {
      seeds: 3,
      'scenes per test': 400,
      'fine-tuning steps': 400,
      batch: 64,
      'learning rate': '1e-3, cosine',
      'loss weights': '0.5 / 0.2',
      'focal γ, smoothing ε': '2, 0.02',
      parameters: '1.5 M',
    },
    curves: [
      { title: 'Contrastive loss', xLabel: 'step', yLabel: 'loss', series: series((x) => 0.4 + 3 * Math.exp(-x / 90), 0.03) },
      {
        title: 'Group score on development scenes',
        xLabel: 'step',
        yLabel: 'group score',
        series: series((x, m) => levels['group']![m]! * (1 - Math.exp(-x / 130)), 0.02),
      },
    ],
    scores: { metrics, rows, comparedWith: 'CLIP' },
    hardCases: [
      hardCase('a ball on purple and a box on white', 'a box on purple and a ball on white', scene('purple', 'white', true), 1),
      hardCase('a box on green and a ball on sand', 'a ball on green and a box on sand', scene('green', 'sand', false), 2),
      hardCase('a ball on white and a box on green', 'a box on white and a ball on green', scene('white', 'green', true), 3),
    ],
    alignmentMaps: [
      {
        image: scene('purple', 'white', true),
        method: 'FSC-CLIP',
        words: ['a', 'ball', 'on', 'purple', 'and', 'a', 'box', 'on', 'white'].map((word, i) => ({ word, weights: weights(word, i) })),
      },
      {
        image: scene('green', 'sand', false),
        method: 'FSC-CLIP',
        words: ['a', 'box', 'on', 'green', 'and', 'a', 'ball', 'on', 'sand'].map((word, i) => ({ word, weights: weights(word, i) })),
      },
    ],
    notes: [
      'Every fine-tuning halves zero-shot accuracy here; nothing in this run shows that it is retained.',
      'A replaced colour can be told from the bag of words, so it stays out of the headline.',
      'Errors are over items. Three seeds say little about the spread between seeds.',
    ],
  };
}

function series(level: (x: number, method: number) => number, noise: number) {
  return methods.map((method, m) => {
    const stream = randomStream(foldIn(createKey(2), method));
    const x = Array.from({ length: 41 }, (_, i) => i * 10);
    return { method, x, y: x.map((step) => level(step, m) * (1 + noise * (stream.normal() - 0.4 * m))) };
  });
}

function hardCase(caption: string, foil: string, image: RgbImage, seed: number) {
  const stream = randomStream(foldIn(createKey(3), seed));
  const scores = methods.map((method, m) => ({
    method,
    caption: 0.24 + 0.02 * m * stream.uniform() + 0.03 * stream.uniform(),
    foil: 0.26 + 0.03 * stream.uniform(),
  }));
  return { image, caption, foil, kind: 'things swapped', scores };
}

function weights(word: string, place: number): Float32Array {
  const stream = randomStream(foldIn(createKey(4), word, place));
  const left = place < 4;
  return Float32Array.from({ length: 16 }, (_, patch) => {
    const inside = patch % 4 < 2 === left;
    if (word.length < 3 || word === 'and') return 0.2 + stream.uniform();
    const middle = patch >= 4 && patch < 12;
    const thing = word === 'ball' || word === 'box';
    return inside && middle === thing ? 0.7 + 0.5 * stream.uniform() : 0.15 * stream.uniform();
  });
}

/** Two halves with a ball and a box. */
function scene(left: Ground, right: Ground, ballFirst: boolean): RgbImage {
  const side = 64;
  const data = new Uint8Array(side * side * 3);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const dx = (x % 32) - 15.5;
      const dy = y - 31.5;
      const isBall = x < 32 === ballFirst;
      const inside = isBall ? Math.hypot(dx, dy) < 11 : Math.max(Math.abs(dx), Math.abs(dy)) < 10;
      const shade = 1 - 0.012 * (dx + dy);
      const colour = inside ? (isBall ? [214, 60, 50] : [166, 112, 60]) : ground[x < 32 ? left : right];
      for (let c = 0; c < 3; c++) data[(y * side + x) * 3 + c] = Math.min(255, colour[c]! * (inside ? shade : 1));
    }
  }
  return { data, width: side, height: side };
}

const [, program, path] = process.argv;
if (program && path && realpathSync(program) === fileURLToPath(import.meta.url)) await writeReport(path, sampleReport());
