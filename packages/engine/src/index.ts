export { type CacheOptions, defaultCacheFolder } from './cache/cache-options.js';
export { type DeviceStatus, type DevicesOptions, type DevicesReport, devices } from './devices/devices.js';
export { formatDevices } from './devices/format-devices.js';
export type { Exported } from './inspect/export.js';
export { probe } from './inspect/probe.js';
export type { Probes } from './inspect/probes.js';
export type { Profile, ProfiledNode, ProfileRow } from './inspect/profile.js';
export { jit } from './jit.js';
export type { ArrayLike, Compiled, Device, DeviceArray, DType, Input, Inputs, Isolation, JitOptions, Output } from './types.js';
