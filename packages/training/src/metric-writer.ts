/** Where the numbers of a run go. A step may be written once or, after a resume, again: the last one counts. */
export interface MetricWriter {
  /** Numbers of one step, by name. They are with the operating system when this returns. */
  write(step: number, metrics: Readonly<Record<string, number>>): void;
  /** Ends the record. Safe to call twice. */
  close(): void;
}

/** One writer for several: each gets everything, in the order given. All are closed, even when one of them throws. */
export function combineWriters(...writers: readonly MetricWriter[]): MetricWriter {
  return {
    write: (step, metrics) => {
      for (const writer of writers) writer.write(step, metrics);
    },
    close: () => {
      const failures: unknown[] = [];
      for (const writer of writers) {
        try {
          writer.close();
        } catch (failure) {
          failures.push(failure);
        }
      }
      if (failures.length > 0)
        throw failures.length === 1 ? failures[0] : new AggregateError(failures, 'combineWriters: several writers failed to close');
    },
  };
}
