export type { Collective, ReduceOp } from './collective.js';
export type { ConnectOptions } from './connect.js';
export { connect } from './connect.js';
export { createSingle } from './create-single.js';
