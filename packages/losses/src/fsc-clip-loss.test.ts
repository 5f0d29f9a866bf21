import '@tensorflow/tfjs';
import { OptionError } from '@fsc-clip/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { clipLoss, fscClipLoss, globalNegativeLoss, localNegativeLoss } from './index.js';
import { sampleOutput } from './testing/index.js';

const value = (loss: Tensor) => loss.dataSync()[0]!;
const { output, batch } = sampleOutput();

describe('fscClipLoss', () => {
  it('is clip + 0.5 · global + 0.2 · local, with focal weights and smoothing', () => {
    const { total, terms } = fscClipLoss()(output, batch);
    const calibration = { focalGamma: 2, labelSmoothing: 0.02 };
    expect(value(terms.clip)).toBe(value(clipLoss(output)));
    expect(value(terms.globalNegative)).toBeCloseTo(0.5 * value(globalNegativeLoss(output, batch, calibration)), 6);
    const local = localNegativeLoss(output, batch, { ...calibration, normalizer: 'minmax', sparsify: false });
    expect(value(terms.localNegative)).toBeCloseTo(0.2 * value(local), 6);
    expect(value(total)).toBeCloseTo(value(terms.clip) + value(terms.globalNegative) + value(terms.localNegative), 5);
  });

  it('hands its options on', () => {
    const options = { focalGamma: 0, labelSmoothing: 0.1, normalizer: 'softmax', sparsify: false } as const;
    const { terms } = fscClipLoss({ globalWeight: 2, localWeight: 1, ...options })(output, batch);
    expect(value(terms.globalNegative)).toBeCloseTo(2 * value(globalNegativeLoss(output, batch, options)), 5);
    expect(value(terms.localNegative)).toBe(value(localNegativeLoss(output, batch, options)));
  });

  it('takes CLIP’s term in chunks', () => {
    expect(value(fscClipLoss({ chunkSize: 2 })(output, batch).total)).toBeCloseTo(value(fscClipLoss()(output, batch).total), 5);
    expect(() => fscClipLoss({ chunkSize: 0.5 })).toThrow('fscClipLoss: `chunkSize` must be a positive integer, got 0.5');
  });

  it('is clipLoss with both weights 0', () => {
    const { total, terms } = fscClipLoss({ globalWeight: 0, localWeight: 0 })(output, batch);
    expect([value(total), value(terms.globalNegative), value(terms.localNegative)]).toEqual([value(clipLoss(output)), 0, 0]);
  });

  it('refuses options out of range before the first batch', () => {
    expect(() => fscClipLoss({ labelSmoothing: -0.1 })).toThrow(OptionError);
    expect(() => fscClipLoss({ labelSmoothing: -0.1 })).toThrow('fscClipLoss: `labelSmoothing` must be in [0, 1), got -0.1');
    expect(() => fscClipLoss({ globalWeight: Number.POSITIVE_INFINITY })).toThrow(
      'fscClipLoss: `globalWeight` must be a finite number, got Infinity',
    );
  });
});
