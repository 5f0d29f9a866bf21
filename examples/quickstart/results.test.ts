import { describe, expect, test } from 'vitest';
import { differenceOverSeeds, type Measured, type Result, scoreSummary, scoreTable } from './results.js';

const task: Measured = {
  metrics: [
    { key: 'groupHeldOut', label: 'group' },
    { key: 'swapThings', label: 'swap' },
  ],
  test: {
    pictures: [],
    counterPairs: [],
    foils: [{ metric: 'swapThings', picture: 0, caption: 'a cat on a mat', foil: 'a mat on a cat' }],
    retrieval: [],
    zeroShot: { names: [], items: [] },
  },
  trainingCaptions: ['a dog on a mat'],
};
const answers = (...group: number[]) => ({ groupHeldOut: Float32Array.from(group), swapThings: Float32Array.of(1) });
const clip: Result = { name: 'clip', label: 'CLIP', answers: [answers(0, 1, 0, 0), answers(0, 0, 0, 1)] };
const fsc: Result = { name: 'fscClip', label: 'FSC-CLIP', answers: [answers(1, 1, 0, 1), answers(1, 0, 1, 1)] };

describe('results', () => {
  test('the table has means over seeds, and differences over the same questions', () => {
    const { rows, metrics, comparedWith } = scoreTable(task, [clip, fsc]);
    expect(comparedWith).toBe('CLIP');
    expect(rows[0]!.scores['groupHeldOut']!.value).toBeCloseTo(1 / 4, 6); // (1/4 + 1/4) / 2
    expect(rows[0]!.scores['groupHeldOut']!.difference).toBeUndefined();
    // by question: FSC 1, .5, .5, 1; CLIP 0, .5, 0, .5; differences 1, 0, .5, .5
    const { value, standardError } = rows[1]!.scores['groupHeldOut']!.difference!;
    expect(value).toBeCloseTo(0.5, 6);
    expect(standardError).toBeCloseTo(Math.sqrt((0.25 + 0.25) / 3 / 4), 6);
    expect(metrics[1]!.textOnly!.value).toBe(1);
    expect(metrics[0]!.textOnly).toBeUndefined();
  });

  test('the difference over seeds is of the seeds’ scores', () => {
    const { value, standardError } = differenceOverSeeds(fsc, clip, 'groupHeldOut'); // .75 − .25 in both
    expect(value).toBeCloseTo(0.5, 6);
    expect(standardError).toBeCloseTo(0, 6);
  });

  test('the last line has what was measured, and null for what was not', () => {
    expect(scoreSummary([fsc])).toEqual({ fscClip: { groupScore: 0.75, swap: 1, imageToText1: null, textToImage1: null, zeroShot: null } });
  });
});
