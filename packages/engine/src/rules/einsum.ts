import type { Rule } from './rule.js';

/** Sums of products by subscripts: ONNX has the same operator, with the same equations. */
export const einsumRules: Record<string, Rule> = {
  Einsum: (g, inputs, { equation }: { equation: string }) => {
    const operands = Object.values(inputs);
    const [from, to] = equation.replace(/\s/g, '').split('->') as [string, string];
    const sizes = new Map<string, number>();
    from.split(',').forEach((subscripts, i) => {
      for (const [axis, letter] of [...subscripts].entries()) sizes.set(letter, operands[i]!.shape[axis]!);
    });
    const shape = [...to].map((letter) => sizes.get(letter)!);
    return g.node('Einsum', operands, shape, operands[0]!.dtype, { equation: { string: `${from}->${to}` } });
  },
};
