import { Tensor } from 'onnxruntime-node';
import { sizeOf } from '../../graph/graph.js';
import type { HostNumbers, HostZeros, Numbers } from '../protocol.js';
import type { Feed } from './driver.js';

/** The typed array of each type; bool is one byte each. */
export const views = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

/** The numbers of a call, where they are; zeros become an array here. */
export function fedNumbers(fed: HostNumbers | HostZeros): Numbers {
  return 'data' in fed ? fed.data : new views[fed.dtype](sizeOf(fed.shape));
}

/** What a session is fed: the array itself, or the numbers of a call. */
export function feedTensor(feed: Feed<Tensor>): Tensor {
  if ('array' in feed) return feed.array;
  const { dtype, shape } = feed.numbers;
  return new Tensor(dtype, fedNumbers(feed.numbers) as Uint8Array, shape);
}
