import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sizeOf } from '../../graph/graph.js';
import { endedAtSentinel, sentinel } from '../../onnx/sentinel.js';
import { createUpdater, scratchOutputs } from '../../update/run-updates.js';
import { placeOf, reshaped } from '../../update/state-memory.js';
import { discard } from '../discard.js';
import type { Numbers, OutputSpec, ProgramSpec, SessionDevice } from '../protocol.js';
import { BufferPool } from './buffer-pool.js';
import type { DeviceDriver, DeviceProgram, Feed } from './driver.js';
import { feedTensor, views } from './feed-tensor.js';
import { sessionOptions } from './session-options.js';

/**
 * Arrays in this process's memory, which the CPU provider reads and writes where they are; other providers copy them in every run.
 * State that the program leaves to kernels is updated in place after the run.
 */
export function createHostDriver(device: SessionDevice): DeviceDriver<Tensor> {
  const pool = new BufferPool();
  return {
    open: (spec, profilePrefix) => openProgram(device, spec, profilePrefix, pool),
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
  const { model, outputs, updates } = spec;
  const results = updates?.results ?? outputs.map(({ shape }, output) => ({ output, shape }));
  const kept = results.filter((result) => 'output' in result).length; // the first outputs; kernels alone read the others
  const session = await InferenceSession.create(model, sessionOptions(device, spec, profilePrefix));
  const prepareUpdates = updates && (await createUpdater(updates.module, updates.calls, kept));
  const scratch = scratchOutputs(updates?.calls ?? [], kept);
  const pooledBytes = outputs.reduce((sum, output, i) => (scratch.has(i) ? sum : sum + bytesOf(output)), 0);
  pool.grow(pooledBytes);

  const run = async (given: ReadonlyMap<string, Feed<Tensor>>): Promise<Tensor[]> => {
    const tensors = new Map<string, Tensor>();
    for (const [name, feed] of given) if (!isZeros(feed)) tensors.set(name, feedTensor(feed));
    const prepared = prepareUpdates?.(tensors);
    for (const [name, feed] of given) if (!tensors.has(name)) tensors.set(name, feedTensor(feed)); // zeros that are no state
    discard(movedNumbers(given, tensors));
    const feeds = Object.fromEntries(session.inputNames.map((name) => [name, tensors.get(name)!]));
    const fetches = outputs.map((output, i) => prepared?.outputs.get(i) ?? emptyTensor(output, pool));
    const named = Object.fromEntries(outputs.map(({ name }, i) => [name, fetches[i]!]));
    try {
      await session.run(feeds, device === 'cpu' ? { [sentinel]: null, ...named } : named);
    } catch (error) {
      if (!endedAtSentinel(error)) {
        for (const tensor of fetches) recycle(tensor, pool);
        throw error;
      }
    }
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

function isZeros(feed: Feed<Tensor>): boolean {
  return 'numbers' in feed && 'zeros' in feed.numbers;
}

/** What came with the call as state and has a place of its own now. */
function movedNumbers(given: ReadonlyMap<string, Feed<Tensor>>, tensors: ReadonlyMap<string, Tensor>): Numbers[] {
  return [...given].flatMap(([name, feed]) => {
    const came = 'numbers' in feed && 'data' in feed.numbers ? feed.numbers.data : undefined;
    return came && tensors.get(name)!.data !== came ? [came] : [];
  });
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
