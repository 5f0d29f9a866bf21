import type { MetricWriter } from './metric-writer.js';

/** Options of `consoleWriter`. */
export interface ConsoleWriterOptions {
  /** Where lines go; a `Progress` keeps its own line below them. @defaultValue process.stdout */
  readonly stream?: { write(text: string): unknown };
  /** Steps of the whole run, shown beside the step. @defaultValue not shown */
  readonly total?: number;
}

/** One line per step: `step 50/1960  loss 2.3100  clip 1.4310  logitScale 100.00  learningRate 5.000e-6`. */
export function consoleWriter({ stream = process.stdout, total }: ConsoleWriterOptions = {}): MetricWriter {
  return {
    write: (step, metrics) => {
      const counted = total === undefined ? `step ${step}` : `step ${String(step).padStart(String(total).length)}/${total}`;
      const numbers = Object.entries(metrics).map(([name, value]) => `${name} ${short(value)}`);
      stream.write(`${[counted, ...numbers].join('  ')}\n`);
    },
    close: () => {},
  };
}

/** Five significant digits; a power of ten where plain digits would be long. */
function short(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e9) return String(value);
  return size !== 0 && (size < 1e-3 || size >= 1e6) ? value.toExponential(3) : value.toPrecision(5);
}
