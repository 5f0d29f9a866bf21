/** The ends of an axis and where its ticks stand: round numbers, about `count` of them, that enclose all finite values. */
export interface Axis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  /** A tick's text, with as many decimals as the step needs. */
  label(tick: number): string;
}

/** An axis over values, with steps of 1, 2 or 5 times a power of ten. */
export function axis(values: Iterable<number>, count = 5): Axis {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) [low, high] = [0, 1];
  if (low === high) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough * 0.999) ?? 10);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return {
    low: first * step,
    high: last * step,
    ticks: Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step),
    label: (tick) => {
      const text = Math.abs(tick) >= 1e6 || (step < 1e-4 && tick !== 0) ? tick.toExponential(0) : tick.toFixed(decimals);
      return text.replace(/^-(?=[0.]*$)/, '').replace('-', '−');
    },
  };
}
