export { jit } from './jit.js';
export type { ArrayLike, Compiled, Device, DeviceArray, DType, Input, Isolation, JitOptions, Output } from './types.js';
