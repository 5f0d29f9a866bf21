import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OptionError } from '../errors.js';
import { constantCooldownSchedule, constantSchedule, cosineSchedule } from './schedules.js';

const rates = (schedule: (step: number) => number, count: number) => Array.from({ length: count }, (_, step) => schedule(step));

describe('schedules', () => {
  it('warm up, then follow half a cosine to zero', () => {
    const schedule = cosineSchedule({ base: 8, warmup: 2, total: 6 });
    // 8·1/2, 8·2/2, then 4·(1 + cos 0), 4·(1 + cos π/4), 4·(1 + cos π/2), 4·(1 + cos 3π/4), 0
    expect(rates(schedule, 7)).toEqual([4, 8, 8, 4 + 4 * Math.SQRT1_2, 4, 4 - 4 * Math.SQRT1_2, 0].map((rate) => expect.closeTo(rate, 12)));
  });

  it('stay constant, and cool down by a power', () => {
    expect(rates(constantSchedule({ base: 6, warmup: 3 }), 5)).toEqual([2, 4, 6, 6, 6]);
    const schedule = constantCooldownSchedule({ base: 10, total: 6, cooldown: 4, power: 2, end: 2 });
    // 2 + 8·(1 − s/4)² from step 2
    expect(rates(schedule, 7)).toEqual([10, 10, 10, 6.5, 4, 2.5, 2]);
    expect(constantCooldownSchedule({ base: 10, total: 6, cooldown: 0, end: 1 })(6)).toBe(1);
  });

  it('stay at their end after it, within [0, base] everywhere', () => {
    const counts = fc.record({ warmup: fc.nat(20), total: fc.nat(50), cooldown: fc.nat(50), step: fc.nat(200) });
    fc.assert(
      fc.property(counts, ({ warmup, total, cooldown, step }) => {
        const steps = { base: 0.125, warmup, total };
        for (const schedule of [cosineSchedule(steps), constantCooldownSchedule({ ...steps, cooldown, power: 0.5 })]) {
          expect(schedule(step)).toBeGreaterThanOrEqual(0);
          expect(schedule(step)).toBeLessThanOrEqual(0.125);
          if (step > Math.max(warmup, total)) expect(schedule(step)).toBe(0);
        }
      }),
    );
  });

  it('refuse negative and infinite options', () => {
    expect(() => cosineSchedule({ base: -1, total: 5 })).toThrow('cosineSchedule: `base` must be a finite number of at least 0, got -1');
    expect(() => constantSchedule({ base: Number.NaN })).toThrow(OptionError);
    expect(() => constantCooldownSchedule({ base: 1, total: 5, cooldown: Number.POSITIVE_INFINITY })).toThrow('`cooldown`');
  });
});
