export { allowedError, allowedTermError, goldenNumber, relativeError, termError } from './compare.js';
export { describeGolden } from './describe-golden.js';
export type { FieldLossCase } from './field-losses.js';
export { fieldLosses } from './field-losses.js';
export type { GoldenArea, GoldenNumber } from './golden.js';
export { fixturesDir, golden, goldenDir, hasGolden } from './golden.js';
