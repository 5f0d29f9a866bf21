import { barrierRules } from './barrier.js';
import { convolutionRules } from './convolution.js';
import { einsumRules } from './einsum.js';
import { elementwiseRules } from './elementwise.js';
import { indexingRules } from './indexing.js';
import { matMulRules } from './matmul.js';
import { normalizationRules } from './normalization.js';
import { poolingRules } from './pooling.js';
import { randomRules } from './random.js';
import { reductionRules } from './reductions.js';
import { resizeRules } from './resize.js';
import type { Rule } from './rule.js';
import { selectionRules } from './selection.js';
import { shapeRules } from './shapes.js';
import { spatialRules } from './spatial.js';

/** One rule for every tfjs kernel that can be compiled. */
export const rules: Readonly<Record<string, Rule>> = {
  ...elementwiseRules,
  ...reductionRules,
  ...shapeRules,
  ...matMulRules,
  ...indexingRules,
  ...selectionRules,
  ...einsumRules,
  ...convolutionRules,
  ...poolingRules,
  ...resizeRules,
  ...spatialRules,
  ...normalizationRules,
  ...randomRules,
  ...barrierRules,
};
