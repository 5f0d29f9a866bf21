import { Tensor } from 'onnxruntime-node';
import type { Feed } from './driver.js';

/** What a session is fed: the array itself, or the numbers of a call, where they are. */
export function feedTensor(feed: Feed<Tensor>): Tensor {
  if ('array' in feed) return feed.array;
  const { dtype, data, shape } = feed.numbers;
  return new Tensor(dtype, data as Uint8Array, shape);
}
