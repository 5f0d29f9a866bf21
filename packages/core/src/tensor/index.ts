export type { AdamWOptions, AdamWState, Optimizer } from './adamw.js';
export { adamW, decays } from './adamw.js';
export { detached } from './detached.js';
export { createParams, disposeParams, mapParams, mergeParams, partitionParams } from './params.js';
export type { CooldownOptions, Schedule, ScheduleOptions } from './schedules.js';
export { constantCooldownSchedule, constantSchedule, cosineSchedule } from './schedules.js';
export { uniform, uniformKernel } from './uniform.js';
export type { LossTerms, ValueAndGrads } from './value-and-grads.js';
export { valueAndGrads } from './value-and-grads.js';
