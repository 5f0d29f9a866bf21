export type { ErrorDetail } from './errors.js';
export { DataError, DeviceError, FscClipError, OptionError, ShapeError, WeightsError } from './errors.js';
export type { Key, RandomStream } from './random.js';
export { createKey, foldIn, randomStream, threefry2x32 } from './random.js';
export type { Letters, Shaped } from './shapes.js';
export { checkShapes } from './shapes.js';
export type { Batch, ClipOutput, HostArray, PackedTexts, Params } from './types.js';
