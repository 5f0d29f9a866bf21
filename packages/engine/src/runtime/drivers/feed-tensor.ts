import { Tensor } from 'onnxruntime-node';
import { sizeOf } from '../../graph/graph.js';
import { mappedZeros } from '../mapped-numbers.js';
import type { HostNumbers, HostZeros, Numbers } from '../protocol.js';
import type { Feed } from './driver.js';

/** The typed array of each type; bool is one byte each. */
export const views = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

/** The numbers of a call, where they are; zeros become an array here. */
export function fedNumbers(fed: HostNumbers | HostZeros): Numbers {
  return 'data' in fed ? fed.data : mappedZeros(views[fed.dtype], sizeOf(fed.shape));
}

/** What a session is fed: the array itself, or the numbers of a call. */
export function feedTensor(feed: Feed<Tensor>): Tensor {
  return 'array' in feed ? feed.array : numbersTensor(feed.numbers);
}

export function numbersTensor(numbers: HostNumbers | HostZeros): Tensor {
  return new Tensor(numbers.dtype, fedNumbers(numbers) as Uint8Array, numbers.shape);
}
