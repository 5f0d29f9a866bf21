import type { PreparedArgument } from './arguments.js';
import type { Program } from './program.js';

/** What a program was compiled for: where every array stands, its type and its shape. */
export type Signature = readonly Pick<PreparedArgument, 'path' | 'dtype' | 'shape'>[];

interface Entry {
  readonly signature: Signature;
  readonly program: Promise<Program>;
  /** The program, once it is compiled. */
  compiled?: Program;
  /** Settles when no run is under way. */
  idle: Promise<unknown>;
}

/** The programs of one compiled function. Beyond `limit` the least recently used one is released, after the runs that it has under way. */
export class ProgramCache {
  readonly #limit: number;
  readonly #entries = new Map<string, Entry>(); // the most recently used one is last

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** What the held programs were compiled for. */
  get signatures(): Signature[] {
    return [...this.#entries.values()].map(({ signature }) => signature);
  }

  /** Runs the program of `key`, compiled first when there is none that lives. */
  use<T>(key: string, signature: Signature, compile: () => Promise<Program>, run: (program: Program) => Promise<T>): Promise<T> {
    let entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (!entry || entry.compiled?.alive === false) entry = this.#open(key, signature, compile);
    this.#entries.set(key, entry);
    const running = entry.program.then(run);
    entry.idle = Promise.allSettled([entry.idle, running]).then(() => undefined); // else it would hold the results of all runs
    this.#evict();
    return running;
  }

  /** Releases all programs, each after its runs. */
  async clear(): Promise<void> {
    const held = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(held.map(retire));
  }

  #open(key: string, signature: Signature, compile: () => Promise<Program>): Entry {
    const program = compile();
    const entry: Entry = { signature, program, idle: program };
    program.then(
      (compiled) => {
        entry.compiled = compiled;
      },
      () => {
        if (this.#entries.get(key) === entry) this.#entries.delete(key);
      },
    );
    return entry;
  }

  #evict(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size <= this.#limit) return;
      this.#entries.delete(key);
      retire(entry).catch(() => undefined); // a program that does not go takes nothing from the call that pushed it out
    }
  }
}

async function retire(entry: Entry): Promise<void> {
  await Promise.allSettled([entry.idle]);
  const program = await entry.program.catch(() => undefined); // one that did not compile holds nothing
  await program?.release();
}
