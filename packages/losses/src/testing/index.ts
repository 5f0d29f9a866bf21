export type { GradientCheck, GradientCheckOptions, SlopeCheck } from './check-gradients.js';
export { checkGradients } from './check-gradients.js';
export type { LossMatchers } from './matchers.js';
export { lossMatchers } from './matchers.js';
export type { SampleShape } from './sample-output.js';
export { sampleOutput } from './sample-output.js';
