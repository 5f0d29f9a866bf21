import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { Program } from './program.js';
import { ProgramCache, type Signature } from './program-cache.js';

const signature: Signature = [{ path: 'arguments[0]', dtype: 'float32', shape: [1] }];

/** A program that runs until it is told to end, and writes down what happens to it. */
function fake(name: string, log: string[]) {
  let end = () => {};
  const running = new Promise<void>((resolve) => (end = resolve));
  const state = { alive: true };
  const program: Program = {
    get alive() {
      return state.alive;
    },
    run: () => running,
    release: async () => void log.push(`release ${name}`),
  };
  const use = (cache: ProgramCache) =>
    cache.use(
      name,
      signature,
      async () => {
        log.push(`compile ${name}`);
        return program;
      },
      (chosen) => chosen.run([], new Set()),
    );
  return { state, use, end: () => end() };
}

describe('ProgramCache', () => {
  it('releases the least recently used program, after its run', async () => {
    const log: string[] = [];
    const cache = new ProgramCache(1);
    const [a, b] = [fake('a', log), fake('b', log)];
    const first = a.use(cache);
    const second = b.use(cache);
    b.end();
    await second;
    expect(log).toEqual(['compile a', 'compile b']); // a is pushed out and runs
    a.end();
    await first;
    await expect.poll(() => log).toEqual(['compile a', 'compile b', 'release a']);
    expect(cache.signatures).toHaveLength(1);
  });

  it('holds no results of runs that are over', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const log: string[] = [];
    const cache = new ProgramCache(1);
    const { use, end } = fake('a', log);
    end();
    await use(cache);
    let result: WeakRef<object> | undefined;
    const run = async () => {
      const made = { loss: 1 };
      result = new WeakRef(made);
      return made;
    };
    const compile = () => Promise.reject(new Error('is compiled already'));
    await cache.use('a', signature, compile, run).then(() => undefined);
    await use(cache);
    await expect
      .poll(() => {
        collect();
        return result?.deref() === undefined;
      })
      .toBe(true);
  });

  it('waits for runs under way before it clears', async () => {
    const log: string[] = [];
    const cache = new ProgramCache(2);
    const a = fake('a', log);
    const run = a.use(cache).then(() => log.push('ran'));
    const cleared = cache.clear().then(() => log.push('cleared'));
    a.end();
    await Promise.all([run, cleared]);
    expect(log).toEqual(['compile a', 'ran', 'release a', 'cleared']);
  });

  it('compiles again what failed to compile, and what died', async () => {
    const log: string[] = [];
    const cache = new ProgramCache(2);
    const broken = cache.use(
      'a',
      signature,
      () => Promise.reject(new Error('broken')),
      async () => undefined,
    );
    await expect(broken).rejects.toThrow('broken');
    expect(cache.signatures).toHaveLength(0);
    const a = fake('a', log);
    a.end();
    await a.use(cache);
    await a.use(cache);
    expect(log).toEqual(['compile a']);
    a.state.alive = false;
    await a.use(cache);
    expect(log).toEqual(['compile a', 'compile a']);
  });
});
