import { describe, expect, it } from 'vitest';
import { ShapeError } from './errors.js';
import { checkShapes } from './shapes.js';

const shaped = (...shape: number[]) => ({ shape });

describe('checkShapes', () => {
  it('binds letters and returns their sizes', () => {
    const sizes = checkShapes('f', {
      a: [shaped(4, 8), 'B D'],
      mask: [shaped(3, 4), 'K B'],
      texts: [shaped(16, 8), 'B+K*B D'],
      s: [shaped(), ''],
    });
    expect(sizes).toEqual({ B: 4, D: 8, K: 3 });
  });

  it('says the rule with its numbers, where they came from, and what came', () => {
    const call = () =>
      checkShapes('localNegativeLoss', {
        imageTokens: [shaped(4, 49, 512), 'B P D'],
        negativeMask: [shaped(3, 4), 'K B'],
        textTokens: [shaped(12, 77, 512), 'B+K*B T D'],
      });
    expect(call).toThrow(ShapeError);
    expect(call).toThrow(
      'localNegativeLoss: `textTokens` must be [B + K·B, T, D] = [16, T, 512] (B = 4 from `imageTokens`, D = 512 from `imageTokens`, K = 3 from `negativeMask`), got [12, 77, 512]',
    );
  });

  it('takes any size for * and refuses a wrong rank, a wrong number and a missing value', () => {
    expect(checkShapes('f', { a: [shaped(5, 2), '* 2'] })).toEqual({});
    expect(() => checkShapes('f', { a: [shaped(5, 3), '* 2'] })).toThrow('f: `a` must be [*, 2], got [5, 3]');
    expect(() => checkShapes('f', { a: [shaped(4), 'D'], b: [shaped(5, 3), '* D'] })).toThrow(
      'f: `b` must be [*, D] = [*, 4] (D = 4 from `a`), got [5, 3]',
    );
    expect(() => checkShapes('f', { a: [shaped(5), 'B D'] })).toThrow('f: `a` must be [B, D], got [5]');
    expect(() => checkShapes('f', { a: [shaped(1), ''] })).toThrow('f: `a` must be a scalar, got [1]');
    expect(() => checkShapes('f', { a: [undefined as never, 'B'] })).toThrow('got a value without a shape');
  });
});
