import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import * as losses from '@fsc-clip/losses';
import { beforeAll, describe, expect, it } from 'vitest';
import { type BackendName, backends } from './backends.js';
import { lossCases, type Numbers, stepCases } from './cases.js';

// The same functions on every backend, in a process each, against tfjs's cpu backend. `npm run test:backends` brings what they need.

const tolerance = 1e-4;
const reference: BackendName = 'eager cpu';
const withCuda = process.env['WITH_CUDA'] === '1'; // set by `npm run test:cuda`: no software stands in for that GPU
const names = [...Object.keys(lossCases), ...Object.keys(stepCases)];

type Outcome = { readonly numbers: Numbers } | { readonly error: string };

/** All cases on one backend, by name. A backend that cannot be started gives the same error for each. */
async function runOn(backend: BackendName): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map<string, Outcome>();
  const child = fork(fileURLToPath(new URL('./run.ts', import.meta.url)), [backend], {
    execArgv: ['--import', 'tsx', '--conditions=source'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
  });
  child.on('message', (message) => {
    const { name, ...outcome } = message as { name: string } & Outcome;
    outcomes.set(name, outcome);
  });
  const said: Buffer[] = [];
  child.stderr!.on('data', (chunk: Buffer) => said.push(chunk));
  const [code, signal] = await once(child, 'close');
  if (code !== 0) {
    const error = `its process ended with ${signal ?? code}: ${Buffer.concat(said).toString().trim().slice(-2000)}`;
    for (const name of names) if (!outcomes.has(name)) outcomes.set(name, { error });
    if (outcomes.size === names.length) outcomes.set(names.at(-1)!, { error }); // died after the last case: that is a failure too
  }
  return outcomes;
}

function numbersOf(outcomes: ReadonlyMap<string, Outcome>, name: string): Numbers {
  const outcome = outcomes.get(name) ?? { error: 'no answer' };
  if ('error' in outcome) throw new Error(outcome.error);
  return outcome.numbers;
}

/** Largest difference between two arrays, in units of the largest number of the second. */
function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  const scale = Array.from(expected).reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
  expect(scale, 'a reference of nothing but zeros compares nothing').toBeGreaterThan(0);
  return Array.from(actual).reduce((worst, x, i) => Math.max(worst, Math.abs(x - expected[i]!) / scale), 0);
}

let expected: ReadonlyMap<string, Outcome>;
beforeAll(async () => {
  expected = await runOn(reference);
});

it('has a case for every loss of @fsc-clip/losses', () => {
  const covered = new Set(Object.keys(lossCases).map((name) => name.split(':')[0]));
  expect(Object.keys(losses).toSorted()).toEqual([...covered].toSorted());
});

const compared = (Object.keys(backends) as BackendName[]).filter((name) => name !== reference && (withCuda || name !== 'compiled cuda'));
describe.each(compared)('%s', (backend) => {
  let actual: ReadonlyMap<string, Outcome>;
  beforeAll(async () => {
    actual = await runOn(backend);
  });

  it.each(names)('%s', (name) => {
    const wanted = numbersOf(expected, name);
    const got = numbersOf(actual, name);
    expect(Object.keys(got)).toEqual(Object.keys(wanted));
    for (const [part, numbers] of Object.entries(got)) {
      expect(relativeDifference(numbers, wanted[part]!), part).toBeLessThanOrEqual(tolerance);
    }
  });
});
