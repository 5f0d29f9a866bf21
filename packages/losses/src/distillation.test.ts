import '@tensorflow/tfjs';
import { OptionError, ShapeError } from '@fsc-clip/core';
import { memory, scalar, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { clipLoss, featureDistillationLoss, l2SpLoss, similarityDistillationLoss, updateTeacher } from './index.js';
import { sampleOutput } from './testing/index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;
const axes = tensor2d([
  [1, 0],
  [0, 1],
]);

describe('featureDistillationLoss', () => {
  it('adds the squared distances of image and caption', () => {
    const teacher = {
      teacherImageFeatures: axes,
      teacherTextFeatures: tensor2d([
        [0, 1],
        [0, 1],
      ]),
    };
    const output = { imageFeatures: axes, textFeatures: axes };
    expect([...featureDistillationLoss(output, teacher, { reduction: 'none' }).dataSync()]).toEqual([2, 0]);
    expect(value(featureDistillationLoss(output, { teacherImageFeatures: axes, teacherTextFeatures: axes }))).toBe(0);
  });
});

describe('similarityDistillationLoss', () => {
  it('is the entropy of the teacher where the student equals it', () => {
    // softmax of [s, 0]: p and 1 − p
    const s = 2;
    const p = 1 / (1 + Math.exp(-s));
    const output = { imageFeatures: axes, textFeatures: axes, logitScale: scalar(s) };
    const teacher = { teacherImageFeatures: axes, teacherTextFeatures: axes, teacherLogitScale: scalar(s) };
    expect(value(similarityDistillationLoss(output, teacher))).toBeCloseTo(-p * Math.log(p) - (1 - p) * Math.log(1 - p), 6);
  });

  it('is clipLoss with a teacher that is sure', () => {
    const { output } = sampleOutput({ B: 2, K: 0 });
    const teacher = { teacherImageFeatures: axes, teacherTextFeatures: axes, teacherLogitScale: scalar(200) };
    expect(value(similarityDistillationLoss(output, teacher))).toBeCloseTo(value(clipLoss(output)), 5);
  });
});

describe('updateTeacher', () => {
  const [teacher, params] = [{ w: tensor1d([1, 1]) }, { w: tensor1d([0, 2]), more: tensor1d([3]) }];

  it('is decay · teacher + (1 − decay) · student, by the teacher’s names', () => {
    const before = memory().numTensors;
    const next = updateTeacher(teacher, params, 0.75);
    expect(memory().numTensors).toBe(before + 1);
    expect(Object.keys(next)).toEqual(['w']);
    expect([...next['w']!.dataSync()]).toEqual([0.75, 1.25]);
    expect([...updateTeacher(teacher, params, scalar(0.5))['w']!.dataSync()]).toEqual([0.5, 1.5]);
  });

  it('refuses a decay out of range and a name that is missing', () => {
    expect(() => updateTeacher(teacher, params, 1.5)).toThrow(OptionError);
    expect(() => updateTeacher(teacher, params, 1.5)).toThrow('updateTeacher: `decay` must be in [0, 1], got 1.5');
    expect(() => updateTeacher({ other: scalar(1) }, params, 0.5)).toThrow(
      'updateTeacher: `params` must hold `other`, as the teacher does',
    );
  });
});

describe('l2SpLoss', () => {
  const params = { w: tensor1d([1, 3]), head: tensor1d([2]) };

  it('is half the squared way from the start: ½ (0² + 2²), and fresh weights are drawn to 0', () => {
    const before = memory().numTensors;
    const penalty = l2SpLoss(params, { w: tensor1d([1, 1]) });
    expect(memory().numTensors).toBe(before + 2); // the penalty and the start above
    expect(value(penalty)).toBe(2);
    expect(value(l2SpLoss(params, { w: tensor1d([1, 1]) }, { fresh: 0.5 }))).toBe(2 + 0.5 * 2);
    expect(value(l2SpLoss(params, {}))).toBe(0);
  });

  it('refuses another shape, and a weight of fresh ones below 0', () => {
    expect(() => l2SpLoss(params, { w: tensor1d([1]) })).toThrow(ShapeError);
    expect(() => l2SpLoss(params, { w: tensor1d([1]) })).toThrow('l2SpLoss: `params.w` must be [1], got [2]');
    expect(() => l2SpLoss(params, {}, { fresh: -1 })).toThrow('l2SpLoss: `fresh` must be a finite number of at least 0, got -1');
  });
});
