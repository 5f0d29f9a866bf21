import { elementwiseRules } from './elementwise.js';
import { indexingRules } from './indexing.js';
import { matMulRules } from './matmul.js';
import { randomRules } from './random.js';
import { reductionRules } from './reductions.js';
import type { Rule } from './rule.js';
import { shapeRules } from './shapes.js';

/** One rule for every tfjs kernel that can be compiled. */
export const rules: Readonly<Record<string, Rule>> = {
  ...elementwiseRules,
  ...reductionRules,
  ...shapeRules,
  ...matMulRules,
  ...indexingRules,
  ...randomRules,
};
