import { DeviceError, OptionError } from '@fsc-clip/core';
import type { Device } from '../types.js';
import type { HalfType } from './half.js';
import type { Lowering } from './lower-products.js';

/** What matrix products and convolutions compute in. All else computes in float32, and arguments and results are float32. */
export type Precision = 'fp32' | 'fp16' | 'bf16';

const halfTypes: Readonly<Record<Precision, HalfType | undefined>> = { fp32: undefined, fp16: 'float16', bf16: 'bfloat16' };

const offered: Readonly<Record<Device, readonly Precision[]>> = {
  cpu: ['fp32', 'fp16'],
  webgpu: ['fp32', 'fp16'],
  cuda: ['fp32', 'fp16', 'bf16'],
  eager: ['fp32'],
};

const reasons: Readonly<Record<string, string>> = {
  'cpu bf16': "onnxruntime's CPU provider has no matrix product in bfloat16",
  'webgpu bf16': 'WebGPU has no bfloat16',
  'eager fp16': 'the plain function runs in the precision of its tfjs backend',
  'eager bf16': 'the plain function runs in the precision of its tfjs backend',
};

/**
 * How a device computes in a precision.
 *
 * @returns nothing with `fp32`
 * @throws OptionError when it is none; DeviceError when the device has no such products
 */
export function loweringFor(device: Device, precision: Precision): Lowering | undefined {
  if (!Object.hasOwn(halfTypes, precision)) {
    const rule = `must be one of ${Object.keys(halfTypes).join(', ')}`;
    throw new OptionError({ function: 'jit', argument: 'precision', rule, got: String(precision) });
  }
  const half = halfTypes[precision];
  if (offered[device].includes(precision)) return half && { half, kept: device === 'cpu' };
  throw new DeviceError({
    function: 'jit',
    argument: 'precision',
    rule: `must be ${offered[device].join(' or ')} on device '${device}'`,
    got: `'${precision}': ${reasons[`${device} ${precision}`]}`,
    hint: "Take 'fp32'; 'bf16' is there on device 'cuda'",
  });
}
