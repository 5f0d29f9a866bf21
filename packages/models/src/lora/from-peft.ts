import type { HostArray, Params } from '@fsc-clip/core';
import { createParams } from '@fsc-clip/core/tensor';
import type { Refuse } from '../files/refuse.js';
import { type Shapes, sameShape } from '../model/weights.js';
import { adapterNames } from './adapters.js';
import { loraScaling } from './lora-scale.js';
import type { PeftConfig } from './peft-config.js';
import { fusedParts, type PeftTarget, peftTarget } from './peft-names.js';

/** Both adapters of one module, and what they belong to. */
interface Pair extends PeftTarget {
  readonly module: string;
  readonly rank: number;
  readonly a: HostArray;
  readonly b: HostArray;
}

/** In the reference's layout a convolution's adapters are hundreds of times larger than in PEFT's. */
const largestConvolutionRank = 64;

/**
 * Adapters of PEFT's layout in the reference's. A module's own alpha goes into its B. q, k and v, which have adapters of their own, become
 * one pair of the fused projection: their A below each other, their B on the diagonal, its rank the sum of theirs.
 *
 * @param tensors - as the file names them: `base_model.model.<module>.lora_A.weight` [r, in], `….lora_B.weight` [out, r]
 * @param shapes - of the model's weights
 * @returns adapters that count `loraAlpha / rank` (rsLora: `/ √rank`) times, with the config's alpha
 */
export function fromPeft(tensors: Params<HostArray>, config: PeftConfig, shapes: Shapes, refuse: Refuse): Params<HostArray> {
  const byWeight = new Map<string, Pair[]>();
  for (const pair of pairsOf(tensors, shapes, refuse)) {
    const others = byWeight.get(pair.weight) ?? [];
    if (others.some(({ part }) => part === undefined || part === pair.part))
      refuse('must adapt every weight once', `\`${pair.module}\` besides \`${others[0]!.module}\``);
    byWeight.set(pair.weight, [...others, pair]);
  }
  const { rsLora } = config;
  const scaling = loraScaling('loadLora', config);
  return createParams(
    [...byWeight].flatMap(([weight, pairs]) => {
      const rank = pairs.reduce((sum, pair) => sum + pair.rank, 0);
      const scaled = pairs.map((pair) => {
        const own = loraScaling('loadLora', { loraAlpha: config.alphaOf(pair.module), rsLora })(pair.rank);
        return { ...pair, b: times(pair.b, own / scaling(rank)) };
      });
      const [nameA, nameB] = adapterNames(weight);
      const [a, b] = inReferenceLayout(scaled, shapes[weight]!);
      return [[nameA, a] as const, [nameB, b] as const];
    }),
  );
}

/** Both adapters of every module, their shapes checked. */
function pairsOf(tensors: Params<HostArray>, shapes: Shapes, refuse: Refuse): Pair[] {
  const left = new Set(Object.keys(tensors));
  const pairs = [...left].flatMap((name) => {
    const module = /^(?:base_model\.model\.)?(.+)\.lora_A(?:\.default)?\.weight$/.exec(name)?.[1];
    if (module === undefined) return [];
    const partner = name.replace('.lora_A', '.lora_B');
    const [a, b] = [tensors[name]!, tensors[partner]];
    left.delete(name);
    left.delete(partner);
    const target = peftTarget(module);
    const shape = target && shapes[target.weight];
    if (!target || !shape) return refuse("must adapt modules of the model's towers", `\`${module}\``);
    const rank = a.shape[0] ?? 0;
    const [aShape, bShape] = peftShapes(shape, target.part !== undefined, rank);
    if (!b || !sameShape(a.shape, aShape) || !sameShape(b.shape, bShape))
      return refuse(
        `must hold adapters [${aShape.join(', ')}] and [${bShape.join(', ')}] of \`${module}\``,
        `[${a.shape.join(', ')}] and ${b ? `[${b.shape.join(', ')}]` : 'none'}`,
      );
    if (shape.length === 4 && rank > largestConvolutionRank)
      return refuse(`must have a rank of at most ${largestConvolutionRank} in \`${module}\``, String(rank));
    if (!(a.data instanceof Float32Array && b.data instanceof Float32Array))
      return refuse(`must hold floats for \`${module}\``, 'integers');
    return [{ module, rank, a, b, ...target }];
  });
  for (const name of left) refuse('must hold the two matrices of LoRA for every module and nothing else', `\`${name}\``);
  return pairs;
}

/** Shapes of a module's adapters: of a linear layer, of a third of the fused projection, or of a convolution. */
function peftShapes(weight: readonly number[], isPart: boolean, rank: number): readonly [a: number[], b: number[]] {
  const [out = 0, ...into] = weight;
  const rows = isPart ? out / fusedParts.length : out;
  return [
    [rank, ...into],
    [rows, rank, ...into.slice(1).map(() => 1)],
  ];
}

function inReferenceLayout(pairs: readonly Pair[], weight: readonly number[]): readonly [HostArray, HostArray] {
  const [first] = pairs as readonly [Pair, ...Pair[]];
  if (weight.length === 4) return convolution(first, weight);
  return first.part === undefined ? [first.a, first.b] : fused(pairs, weight);
}

/** q, k and v: A [Σ r, w] below each other, B [3w, Σ r] on the diagonal. */
function fused(pairs: readonly Pair[], [out = 0, into = 0]: readonly number[]): readonly [HostArray, HostArray] {
  const rank = pairs.reduce((sum, pair) => sum + pair.rank, 0);
  const [a, b] = [new Float32Array(rank * into), new Float32Array(out * rank)];
  const rows = out / fusedParts.length;
  let column = 0;
  for (const pair of pairs) {
    a.set(pair.a.data, column * into);
    const firstRow = fusedParts.indexOf(pair.part!) * rows;
    for (let row = 0; row < rows; row++)
      b.set(pair.b.data.subarray(row * pair.rank, (row + 1) * pair.rank), (firstRow + row) * rank + column);
    column += pair.rank;
  }
  return [
    { data: a, shape: [rank, into] },
    { data: b, shape: [out, rank] },
  ];
}

/**
 * A convolution's A [r, 3, p, p] and B [w, r, 1, 1]. In the reference's layout A [r·p, 3p] is the same numbers, and B [w·p, r·p] repeats
 * every number along a diagonal of p.
 */
function convolution({ a, b, rank }: Pair, [width = 0, channels = 0, patch = 0]: readonly number[]): readonly [HostArray, HostArray] {
  const columns = rank * patch;
  const data = new Float32Array(width * patch * columns);
  for (let row = 0; row < width * patch; row++) {
    const [out, inPatch] = [Math.floor(row / patch), row % patch];
    for (let r = 0; r < rank; r++) data[row * columns + r * patch + inPatch] = b.data[out * rank + r]!;
  }
  return [
    { data: a.data, shape: [columns, channels * patch] },
    { data, shape: [width * patch, columns] },
  ];
}

function times({ data, shape }: HostArray, factor: number): HostArray {
  return { data: factor === 1 ? data : Float32Array.from(data, (value) => value * factor), shape };
}
