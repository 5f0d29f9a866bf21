import { Tensor } from 'onnxruntime-node';
import { sizeOf } from '../graph/graph.js';
import { type Memory, webAssembly } from './webassembly.js';

/** Place of an array of state in a WebAssembly memory, in which a kernel reaches it. */
interface Place {
  readonly block: Block;
  readonly slot: number;
}

/** The slots of one update, one after the other. */
export interface Block {
  readonly memory: Memory;
  readonly base: number;
  readonly stride: number;
  /** Equal for updates that use their slots alike: the same sizes, the same slots for state. */
  readonly layout: string;
}

/** What a block is to hold. */
export interface BlockSpec {
  readonly slots: number;
  readonly size: number;
  readonly layout: string;
}

const places = new WeakMap<Tensor, Place>();
const pageBytes = 65536;
const memoryBytes = 2 ** 31;

/** Bytes from slot to slot: whole cache lines, so also whole steps of a kernel. */
function strideOf({ size }: BlockSpec): number {
  return Math.ceil((size * Float32Array.BYTES_PER_ELEMENT) / 64) * 64;
}

/** New blocks, in as few memories of about 2 GB as they fit in. A memory is freed when no tensor of its blocks is left. */
export function allocateBlocks(specs: readonly BlockSpec[]): Block[] {
  const bytesOf = (spec: BlockSpec) => spec.slots * strideOf(spec);
  const memories: BlockSpec[][] = [];
  let room = 0;
  for (const spec of specs) {
    if (memories.length === 0 || bytesOf(spec) > room) {
      memories.push([]);
      room = memoryBytes;
    }
    memories.at(-1)!.push(spec);
    room -= bytesOf(spec);
  }
  return memories.flatMap((held) => {
    const pages = Math.ceil(held.reduce((sum, spec) => sum + bytesOf(spec), 0) / pageBytes);
    const memory = new webAssembly.Memory({ initial: pages, maximum: pages });
    let base = 0;
    return held.map((spec): Block => {
      const block = { memory, base, stride: strideOf(spec), layout: spec.layout };
      base += bytesOf(spec);
      return block;
    });
  });
}

/** A slot as a tensor that onnxruntime reads and writes. */
export function slotTensor(block: Block, slot: number, shape: readonly number[]): Tensor {
  const numbers = new Float32Array(block.memory.buffer, block.base + slot * block.stride, sizeOf(shape));
  const tensor = new Tensor('float32', numbers, shape);
  places.set(tensor, { block, slot });
  return tensor;
}

/** A slot's tensor in another shape of the same size. */
export function reshaped(tensor: Tensor, shape: readonly number[]): Tensor {
  const place = placeOf(tensor);
  return place ? slotTensor(place.block, place.slot, shape) : tensor;
}

/** Where a tensor is, if it is in a block. */
export function placeOf(tensor: Tensor): Place | undefined {
  return places.get(tensor);
}
