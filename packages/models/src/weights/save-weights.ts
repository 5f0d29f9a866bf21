import { type HostArray, OptionError, type Params, WeightsError } from '@fsc-clip/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { isLora } from '../lora/adapters.js';
import type { Model } from '../model/create-model.js';
import { toFloat16 } from '../numbers/float16.js';
import { type SafetensorsSource, writeSafetensors } from '../safetensors/write-safetensors.js';
import { checkWeights } from './check-weights.js';

/** An array whose numbers can be fetched, such as a compiled function's result. */
export interface ReadableArray {
  readonly shape: readonly number[];
  readonly dtype: string;
  read(): Promise<HostArray['data']>;
}

/** Options of `saveWeights`. */
export interface SaveWeightsOptions {
  /** The weights' model: they are checked against it, and its activation and `lora_alpha` are written into the header. */
  readonly model?: Model;
  /** How floating-point numbers are stored. @defaultValue 'float32' */
  readonly dtype?: 'float32' | 'float16';
  /** More entries for the header. @defaultValue {} */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes weights to a safetensors file that PyTorch and open_clip read: first beside its place, then renamed. Tensors are fetched one
 * by one. With float16 the file is half as large and every number is rounded.
 *
 * @throws WeightsError when the weights are not the model's, a number does not fit float16, or the file cannot be written
 */
export async function saveWeights(
  path: string,
  params: Params<Tensor | HostArray | ReadableArray>,
  { model, dtype = 'float32', metadata = {} }: SaveWeightsOptions = {},
): Promise<void> {
  if (dtype !== 'float32' && dtype !== 'float16')
    throw new OptionError({ function: 'saveWeights', argument: 'dtype', rule: "must be 'float32' or 'float16'", got: String(dtype) });
  if (model) checkWeights(model, params);
  const ofModel: Record<string, string> = model ? { quick_gelu: String(model.config.quick_gelu === true) } : {};
  if (model && Object.keys(params).some(isLora)) ofModel['lora_alpha'] = String(model.loraAlpha);
  const sources = Object.entries(params).map(([name, array]) => source(name, array, dtype));
  await writeSafetensors(path, sources, { format: 'pt', ...metadata, ...ofModel });
}

function source(name: string, array: Tensor | HostArray | ReadableArray, floats: 'float32' | 'float16'): SafetensorsSource {
  const { shape } = array;
  const dtype = dtypeOf(array);
  if (dtype === 'float32' && floats === 'float16')
    return { name, shape, dtype: 'F16', bytes: async () => halves(name, await numbers(array)) };
  const stored = { float32: 'F32', int32: 'I32', bool: 'U8' } as const;
  if (!(dtype === 'float32' || dtype === 'int32' || dtype === 'bool'))
    throw new WeightsError({ function: 'saveWeights', argument: name, rule: 'must hold floats, integers or booleans', got: dtype });
  return { name, shape, dtype: stored[dtype], bytes: async () => bytesOf(await numbers(array)) };
}

function dtypeOf(array: Tensor | HostArray | ReadableArray): string {
  if ('dtype' in array) return array.dtype;
  if (array.data instanceof Float32Array) return 'float32';
  return array.data instanceof Int32Array ? 'int32' : 'bool';
}

async function numbers(array: Tensor | HostArray | ReadableArray): Promise<HostArray['data']> {
  if ('read' in array) return array.read();
  return typeof array.data === 'function' ? (array.data() as Promise<HostArray['data']>) : array.data;
}

function bytesOf(data: HostArray['data'] | Uint16Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

function halves(name: string, data: HostArray['data']): Uint8Array {
  const stored = Uint16Array.from(data, toFloat16);
  const lost = data.findIndex((value, i) => Number.isFinite(value) && (stored[i]! & 0x7fff) === 0x7c00);
  if (lost !== -1)
    throw new WeightsError({ function: 'saveWeights', argument: name, rule: 'must fit float16 (at most 65504)', got: String(data[lost]) });
  return bytesOf(stored);
}
