import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sizeOf } from '../../graph/graph.js';
import { arena } from '../../onnx/arena-opener.js';
import { endedAtSentinel, sentinel } from '../../onnx/sentinel.js';
import { createUpdater, scratchOutputs } from '../../update/run-updates.js';
import { placeOf, reshaped } from '../../update/state-memory.js';
import { discard } from '../discard.js';
import type { Numbers, OutputSpec, ProgramSpec, SessionDevice } from '../protocol.js';
import { BufferPool } from './buffer-pool.js';
import type { DeviceDriver, DeviceProgram, Feed } from './driver.js';
import { feedTensor, numbersTensor, views } from './feed-tensor.js';
import { sessionOptions } from './session-options.js';

/**
 * Arrays in this process's memory, which the CPU provider reads and writes where they are; other providers copy them in every run.
 * State that the program leaves to kernels is updated in place after the run.
 */
export function createHostDriver(device: SessionDevice): DeviceDriver<Tensor> {
  const pool = new BufferPool();
  return {
    open: (spec, profilePrefix) => openProgram(device, spec, profilePrefix, pool),
    put: async (numbers) => numbersTensor(numbers),
    read: async (tensor) => numbersOf(tensor),
    free: (tensor) => recycle(tensor, pool),
  };
}

async function openProgram(
  device: SessionDevice,
  spec: ProgramSpec,
  profilePrefix: string | undefined,
  pool: BufferPool,
): Promise<DeviceProgram<Tensor>> {
  const { model, constants, outputs, updates } = spec;
  let { arenaBytes } = spec;
  const results = updates?.results ?? outputs.map(({ shape }, output) => ({ output, shape }));
  const kept = results.filter((result) => 'output' in result).length; // the first outputs; kernels alone read the others
  const session = await InferenceSession.create(model, sessionOptions(device, spec, profilePrefix));
  const fedConstants = constants.flatMap(({ name, bytes, fedShape }) => {
    return fedShape ? [[name, new Tensor('float32', floatsOf(bytes), fedShape)] as const] : [];
  });
  const prepareUpdates = updates && (await createUpdater(updates.module, updates.calls, kept));
  const scratch = scratchOutputs(updates?.calls ?? [], kept);
  const pooledBytes = outputs.reduce((sum, output, i) => (scratch.has(i) ? sum : sum + bytesOf(output)), 0);
  pool.grow(pooledBytes);

  const run = async (given: ReadonlyMap<string, Feed<Tensor>>): Promise<Tensor[]> => {
    const tensors = new Map<string, Tensor>(fedConstants);
    for (const [name, feed] of given) if (!isZeros(feed)) tensors.set(name, feedTensor(feed));
    const prepared = prepareUpdates?.(tensors);
    for (const [name, feed] of given) if (!tensors.has(name)) tensors.set(name, feedTensor(feed)); // zeros that are no state
    leave(given, tensors);
    if (arenaBytes !== undefined) tensors.set(arena.wanted, arenaSize(arenaBytes));
    const feeds = Object.fromEntries(session.inputNames.map((name) => [name, tensors.get(name)!]));
    const fetches = outputs.map((output, i) => prepared?.outputs.get(i) ?? emptyTensor(output, pool));
    const named = Object.fromEntries(outputs.map(({ name }, i) => [name, fetches[i]!]));
    if (arenaBytes !== undefined) named[arena.got] = arenaSize(0);
    try {
      await session.run(feeds, device === 'cpu' ? { [sentinel]: null, ...named } : named);
    } catch (error) {
      if (!endedAtSentinel(error)) {
        for (const tensor of fetches) recycle(tensor, pool);
        throw error;
      }
    }
    arenaBytes &&= 0;
    prepared?.apply(fetches);
    for (const tensor of fetches.slice(kept)) recycle(tensor, pool);
    return results.map((result) => ('output' in result ? fetches[result.output]! : reshaped(tensors.get(result.input)!, result.shape)));
  };
  const release = async () => {
    pool.shrink(pooledBytes);
    if (profilePrefix !== undefined) session.endProfiling();
    await session.release();
  };
  return { run, release };
}

/** Bytes for the arena, as its opener's input and output tell them. */
function arenaSize(bytes: number): Tensor {
  return new Tensor('int64', BigInt64Array.of(BigInt(Math.ceil(bytes / Float32Array.BYTES_PER_ELEMENT))), [1]);
}

function isZeros(feed: Feed<Tensor>): boolean {
  return 'numbers' in feed && 'zeros' in feed.numbers;
}

/** Frees the memory that state came in and has left for a place that kernels reach. */
function leave(given: ReadonlyMap<string, Feed<Tensor>>, tensors: ReadonlyMap<string, Tensor>): void {
  const left = [...given].flatMap(([name, feed]) => {
    const now = tensors.get(name)!;
    if ('numbers' in feed) return 'data' in feed.numbers && feed.numbers.data !== now.data ? [feed.numbers.data] : [];
    if (feed.array === now) return [];
    feed.move(now);
    return placeOf(feed.array) ? [] : [feed.array.data as Numbers];
  });
  const read = new Set([...tensors.values()].map(({ data }) => data));
  discard(left.filter((numbers) => !read.has(numbers)));
}

/** Bytes that came over a pipe may begin anywhere in their buffer. */
function floatsOf(bytes: Uint8Array): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % Float32Array.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new Float32Array(buffer, byteOffset, byteLength / Float32Array.BYTES_PER_ELEMENT);
}

function bytesOf({ dtype, shape }: OutputSpec): number {
  return sizeOf(shape) * views[dtype].BYTES_PER_ELEMENT;
}

function emptyTensor(output: OutputSpec, pool: BufferPool): Tensor {
  return new Tensor(output.dtype, new views[output.dtype](pool.take(bytesOf(output))) as Uint8Array, output.shape);
}

function recycle(tensor: Tensor, pool: BufferPool): void {
  const { buffer } = tensor.data as Float32Array;
  if (buffer instanceof ArrayBuffer && !placeOf(tensor)) pool.give(buffer);
}

/** What crosses to another thread takes its whole buffer with it: a part of one is copied out. */
function numbersOf({ data }: Tensor): Numbers {
  const numbers = data as Float32Array;
  return numbers.byteLength === numbers.buffer.byteLength ? numbers : numbers.slice();
}
