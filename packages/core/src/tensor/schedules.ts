import { OptionError } from '../errors.js';

/** Learning rate of a step, counted from 0. Pure: the step number is the only state. */
export type Schedule = (step: number) => number;

/** Options that all schedules share. */
export interface ScheduleOptions {
  /** The highest learning rate. */
  readonly base: number;
  /** Steps of linear warm-up: step s < warmup has `base · (s + 1) / warmup`. @defaultValue 0 */
  readonly warmup?: number;
}

/** Linear warm-up, then half a cosine to zero at `total` and after: `½ (1 + cos(π (s − warmup) / (total − warmup))) · base`. */
export function cosineSchedule({ base, warmup = 0, total }: ScheduleOptions & { readonly total: number }): Schedule {
  check('cosineSchedule', { base, warmup, total });
  return (step) => {
    if (step < warmup) return (base * (step + 1)) / warmup;
    const progress = Math.min(1, (step - warmup) / Math.max(1, total - warmup));
    return 0.5 * (1 + Math.cos(Math.PI * progress)) * base;
  };
}

/** Linear warm-up, then constant. */
export function constantSchedule({ base, warmup = 0 }: ScheduleOptions): Schedule {
  check('constantSchedule', { base, warmup });
  return (step) => (step < warmup ? (base * (step + 1)) / warmup : base);
}

/** Options of `constantCooldownSchedule`. */
export interface CooldownOptions extends ScheduleOptions {
  readonly total: number;
  /** Steps of the final decay from `base` to `end`. */
  readonly cooldown: number;
  /** Exponent of the decay; 1 is linear. @defaultValue 1 */
  readonly power?: number;
  /** Learning rate at `total` and after. @defaultValue 0 */
  readonly end?: number;
}

/** Linear warm-up, constant, then a polynomial decay over the last `cooldown` steps (open_clip's `const-cooldown`). */
export function constantCooldownSchedule({ base, warmup = 0, total, cooldown, power = 1, end = 0 }: CooldownOptions): Schedule {
  check('constantCooldownSchedule', { base, warmup, total, cooldown, power, end });
  const start = total - cooldown;
  return (step) => {
    if (step < warmup) return (base * (step + 1)) / warmup;
    if (step < start) return base;
    if (step >= total) return end;
    const decay = (1 - (step - start) / (total - start)) ** power;
    return decay * (base - end) + end;
  };
}

function check(name: string, values: Record<string, number>): void {
  for (const [argument, value] of Object.entries(values)) {
    if (!(value >= 0) || !Number.isFinite(value)) {
      throw new OptionError({ function: name, argument, rule: 'must be a finite number of at least 0', got: String(value) });
    }
  }
}
