import type { Score } from '../scores/score.js';

/** A fraction as a percentage with one decimal: 0.8504 is `85.0`. */
export function percent(fraction: number): string {
  return Number.isFinite(fraction)
    ? (fraction * 100)
        .toFixed(1)
        .replace(/^-0\.0$/, '0.0')
        .replace('-', '−')
    : '–';
}

/** A standard error in percentage points, ` ± 1.2`; nothing where it is unknown. */
export function plusMinus({ standardError }: Score): string {
  return Number.isFinite(standardError) ? ` ± ${percent(standardError)}` : '';
}

/** A difference with its sign: `+3.1`, `−0.4`. */
export function signed(fraction: number): string {
  const text = percent(fraction);
  return fraction > 0 && text !== '0.0' ? `+${text}` : text;
}

/** Whether a difference is more than two standard errors up (1), down (−1), or neither (0). */
export function direction({ value, standardError }: Score): 1 | 0 | -1 {
  if (!(Math.abs(value) > 2 * standardError)) return 0;
  return value > 0 ? 1 : -1;
}
