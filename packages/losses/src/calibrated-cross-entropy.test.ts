import '@tensorflow/tfjs';
import { OptionError, ShapeError } from '@fsc-clip/core';
import { add, grads, memory, ones, type Tensor, tensor1d, tensor2d } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CalibrationOptions, calibratedCrossEntropy } from './index.js';
import { checkGradients } from './testing/index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;
const plain = { focalGamma: 0, labelSmoothing: 0 };

/** The formula, by loops in float64. */
function byLoops(logits: number[][], valid: number[][], { focalGamma, labelSmoothing }: Required<CalibrationOptions>): number {
  const rows = logits.flatMap((row, b) => {
    const n = valid[b]!.reduce((count, one) => count + one, 0);
    if (n < 2) return [];
    const highest = Math.max(...row);
    const total = row.reduce((sum, logit) => sum + Math.exp(logit - highest), 0);
    return row.reduce((loss, logit, c) => {
      const logP = logit - highest - Math.log(total);
      const label = (c === 0 ? 1 - labelSmoothing : 0) + (labelSmoothing / n) * valid[b]![c]!;
      return loss - label * (1 - Math.exp(logP)) ** focalGamma * logP;
    }, 0);
  });
  return rows.length === 0 ? 0 : rows.reduce((sum, loss) => sum + loss, 0) / rows.length;
}

describe('calibratedCrossEntropy', () => {
  it('is its formula for two equal logits: p = 1/2', () => {
    const logits = tensor2d([[7, 7]]);
    expect(value(calibratedCrossEntropy(logits, ones([1, 2]), plain))).toBeCloseTo(Math.log(2), 6);
    // label 1 on class 0, (1/2)²
    expect(value(calibratedCrossEntropy(logits, ones([1, 2]), { focalGamma: 2, labelSmoothing: 0 }))).toBeCloseTo(Math.log(2) / 4, 6);
    // labels sum to 1, both classes alike
    expect(value(calibratedCrossEntropy(logits, ones([1, 2])))).toBeCloseTo(Math.log(2) / 4, 6);
  });

  it('keeps a class that does not exist in the softmax, without a label', () => {
    // p = 1/3 each; n = 2: labels 1 − 0.1 + 0.05, 0.05, 0 sum to 1
    const loss = calibratedCrossEntropy(tensor2d([[0, 0, 0]]), tensor2d([[1, 1, 0]]), { focalGamma: 0, labelSmoothing: 0.1 });
    expect(value(loss)).toBeCloseTo(Math.log(3), 6);
  });

  it('means over rows with a negative, and is 0 with gradient 0 without any', () => {
    const logits = tensor2d([
      [1, 2],
      [5, 0],
    ]);
    const valid = tensor2d([
      [1, 1],
      [1, 0],
    ]);
    expect(value(calibratedCrossEntropy(logits, valid, plain))).toBeCloseTo(Math.log(1 + Math.E), 6);
    const none = tensor2d([
      [1, 0],
      [1, 0],
    ]);
    expect(value(calibratedCrossEntropy(logits, none))).toBe(0);
    expect([...grads((x) => calibratedCrossEntropy(x!, none))([logits])[0]!.dataSync()].map(Math.abs)).toEqual([0, 0, 0, 0]);
  });

  const cases = fc.record({
    logits: fc.array(fc.array(fc.float({ min: -20, max: 20, noNaN: true }), { minLength: 3, maxLength: 3 }), {
      minLength: 1,
      maxLength: 4,
    }),
    slots: fc.array(fc.tuple(fc.nat(1), fc.nat(1)), { minLength: 4, maxLength: 4 }),
    focalGamma: fc.constantFrom(0, 0.5, 1, 2, 3),
    labelSmoothing: fc.constantFrom(0, 0.02, 0.5),
    shift: fc.integer({ min: -50, max: 50 }),
  });

  it('equals plain loops, and does not see a shift of a row', () => {
    fc.assert(
      fc.property(cases, ({ logits, slots, shift, ...options }) => {
        const valid = logits.map((_, b) => [1, ...slots[b]!]);
        const expected = byLoops(logits, valid, options);
        const near = (actual: number) => expect(Math.abs(actual - expected)).toBeLessThanOrEqual(2e-5 * Math.max(1, expected));
        near(value(calibratedCrossEntropy(tensor2d(logits), tensor2d(valid), options)));
        near(value(calibratedCrossEntropy(add(tensor2d(logits), shift), tensor2d(valid), options)));
      }),
    );
  });

  it.each([0, 0.5, 1, 2])('has true gradients for γ = %s', (focalGamma) => {
    const valid = tensor2d([
      [1, 1, 1],
      [1, 0, 1],
    ]);
    const loss = ({ logits }: { logits: Tensor }) => calibratedCrossEntropy(logits, valid, { focalGamma, labelSmoothing: 0.1 });
    const { pass, message } = checkGradients(loss, {
      logits: tensor2d([
        [1, 0, 2],
        [0, 0.5, -1],
      ]),
    });
    expect(pass, message()).toBe(true);
  });

  it.each([0, 0.5, 1, 2])('stays finite at logits of ±1e4 for γ = %s', (focalGamma) => {
    const logits = tensor2d([
      [1e4, -1e4, 0],
      [-1e4, 1e4, 1e4],
    ]);
    const loss = (x: Tensor) => calibratedCrossEntropy(x, ones([2, 3]), { focalGamma });
    expect(value(loss(logits))).toBeGreaterThan(0);
    for (const tensor of [loss(logits), grads((x) => loss(x!))([logits])[0]!]) {
      expect([...tensor.dataSync()].every(Number.isFinite)).toBe(true);
    }
  });

  it('leaks nothing', () => {
    const logits = tensor2d([[0, 1]]);
    const valid = ones([1, 2]);
    const before = memory().numTensors;
    calibratedCrossEntropy(logits, valid).dispose();
    expect(memory().numTensors).toBe(before);
  });

  it('refuses options out of range and other shapes', () => {
    const call = (options: CalibrationOptions) => () => calibratedCrossEntropy(ones([1, 2]), ones([1, 2]), options);
    expect(call({ focalGamma: -1 })).toThrow(OptionError);
    expect(call({ focalGamma: -1 })).toThrow('calibratedCrossEntropy: `focalGamma` must be a finite number of at least 0, got -1');
    expect(call({ labelSmoothing: 1 })).toThrow('calibratedCrossEntropy: `labelSmoothing` must be in [0, 1), got 1');
    expect(() => calibratedCrossEntropy(ones([2, 3]), ones([2, 2]))).toThrow(ShapeError);
    expect(() => calibratedCrossEntropy(tensor1d([1]), ones([1, 1]))).toThrow('calibratedCrossEntropy: `logits` must be [B, C]');
  });
});
