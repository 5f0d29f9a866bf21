import { ShapeError } from './errors.js';

/** Anything with a shape: a tfjs tensor, a `HostArray`, a `DeviceArray`. */
export interface Shaped {
  readonly shape: readonly number[];
}

type Trim<S extends string> = S extends ` ${infer R}` ? Trim<R> : S extends `${infer R} ` ? Trim<R> : S;
type Words<S extends string> = S extends unknown ? (Trim<S> extends `${infer H} ${infer T}` ? H | Words<T> : Trim<S>) : never;
type IsName<S extends string> = S extends '' | '*' | `${number}` | `${string}+${string}` | `${string}*${string}` ? never : S;

/** The letters that a pattern binds: `'B P D'` gives `'B' | 'P' | 'D'`. */
export type Letters<Pattern extends string> = IsName<Words<Pattern>>;

/**
 * Checks the shapes of a function's arguments and returns the sizes that their letters stand for.
 *
 * A pattern is a list of dimensions separated by blanks: a letter (`B`) is bound where it first stands and must agree everywhere
 * else; a number must be equal; a sum of products (`B+K*B`) is computed from the letters; `*` takes any size; `''` is a scalar.
 *
 * @param name - the calling function, for the message
 * @param expected - per argument: the array and its pattern
 * @returns the size of every letter
 * @throws ShapeError naming the function, the argument, the rule with its numbers, and the shape that came
 * @example
 * const { B, K, D } = checkShapes('f', { images: [images, 'B D'], mask: [mask, 'K B'], texts: [texts, 'B+K*B D'] });
 */
export function checkShapes<const E extends Record<string, readonly [Shaped, string]>>(
  name: string,
  expected: E,
): { [L in Letters<E[keyof E][1]>]: number } {
  const bound = new Map<string, { size: number; from: string }>();
  const patterns = Object.entries(expected).map(([argument, [array, pattern]]) => ({
    argument,
    shape: array?.shape,
    dims: pattern.split(' ').filter((dim) => dim !== ''),
  }));
  const fail = (argument: string, dims: string[], got: string): never => {
    throw new ShapeError({ function: name, argument, rule: describe(argument, dims, bound), got });
  };
  for (const { argument, shape, dims } of patterns) {
    if (!Array.isArray(shape)) fail(argument, dims, 'a value without a shape');
    if (shape.length !== dims.length) fail(argument, dims, `[${shape.join(', ')}]`);
    dims.forEach((dim, axis) => {
      if (/^[A-Za-z]\w*$/.test(dim) && !bound.has(dim)) bound.set(dim, { size: shape[axis]!, from: argument });
    });
  }
  for (const { argument, shape, dims } of patterns) {
    const agrees = dims.every((dim, axis) => dim === '*' || evaluate(dim, bound) === shape[axis]);
    if (!agrees) fail(argument, dims, `[${shape.join(', ')}]`);
  }
  return Object.fromEntries([...bound].map(([letter, { size }]) => [letter, size])) as { [L in Letters<E[keyof E][1]>]: number };
}

function evaluate(dim: string, bound: ReadonlyMap<string, { size: number }>): number {
  return dim
    .split('+')
    .map((term) => term.split('*').reduce((product, factor) => product * (bound.get(factor)?.size ?? Number(factor)), 1))
    .reduce((sum, term) => sum + term, 0);
}

function describe(argument: string, dims: string[], bound: ReadonlyMap<string, { size: number; from: string }>): string {
  if (dims.length === 0) return 'must be a scalar';
  const symbols = dims.map((dim) => dim.replaceAll('*', dim === '*' ? '*' : '·').replaceAll('+', ' + '));
  const rule = `must be [${symbols.join(', ')}]`;
  const sizes = dims.map((dim) => {
    if (dim === '*') return dim;
    const foreign = [...dim.matchAll(/[A-Za-z]\w*/g)].every(([letter]) => bound.has(letter) && bound.get(letter)!.from !== argument);
    const size = evaluate(dim, bound);
    return foreign && Number.isFinite(size) ? String(size) : dim;
  });
  const sources = [...bound].filter(([letter, { from }]) => from !== argument && dims.some((dim) => dim.split(/[+*]/).includes(letter)));
  if (sources.length === 0) return rule;
  return `${rule} = [${sizes.join(', ')}] (${sources.map(([letter, { size, from }]) => `${letter} = ${size} from \`${from}\``).join(', ')})`;
}
