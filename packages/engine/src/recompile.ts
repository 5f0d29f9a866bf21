import type { Signature } from './program-cache.js';

/** Says aloud that a function is compiled once more, which takes seconds for a large model, and why. */
export function announceRecompile(name: string, count: number, now: Signature, earlier: readonly Signature[], limit: number): void {
  process.emitWarning(
    `jit: ${name || 'fn'} is compiled for the ${ordinal(count)} time: ${whatChanged(now, earlier)}. ` +
      `Keep shapes static: every new shape is a new program, and the last ${limit} are kept (maxPrograms)`,
    { type: 'FscClipRecompile' },
  );
}

/** How a signature differs from the one before that is nearest to it. */
export function whatChanged(now: Signature, earlier: readonly Signature[]): string {
  const differences = earlier.map((before) => compare(now, before));
  const nearest = differences.reduce((best, candidate) => (candidate.length < best.length ? candidate : best));
  if (nearest.length === 0) return 'a boolean, null or the order of names in its arguments changed';
  const shown = nearest.slice(0, 4).join('; ');
  return nearest.length > 4 ? `${shown}; and ${nearest.length - 4} more` : shown;
}

function compare(now: Signature, before: Signature): string[] {
  const old = new Map(before.map((leaf) => [leaf.path, describe(leaf)]));
  const changed = now.flatMap((leaf) => {
    const was = old.get(leaf.path);
    old.delete(leaf.path);
    if (was === describe(leaf)) return [];
    return [was === undefined ? `${leaf.path} is new` : `${leaf.path} was ${was}, now ${describe(leaf)}`];
  });
  return [...changed, ...[...old.keys()].map((path) => `${path} is gone`)];
}

function describe({ dtype, shape }: Signature[number]): string {
  return `${dtype} [${shape.join(', ')}]`;
}

const ordinals = new Intl.PluralRules('en', { type: 'ordinal' });
const suffixes: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd' };

function ordinal(count: number): string {
  return `${count}${suffixes[ordinals.select(count)] ?? 'th'}`;
}
