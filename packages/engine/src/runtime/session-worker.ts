import { workerOptions } from '@fsc-clip/core/worker';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { sizeOf } from '../graph/graph.js';
import { BufferPool } from './buffer-pool.js';
import type { OutputSpec, Request, RunInput, SessionDevice } from './protocol.js';
import { serve } from './serve.js';

// onnxruntime's `run` blocks the thread that calls it: sessions and arrays live here, one worker (thread or process) for each device.

const { device } = workerOptions<{ device: SessionDevice }>();

interface Program {
  readonly session: InferenceSession;
  readonly outputs: readonly OutputSpec[];
  readonly outputBytes: number;
  readonly profiled: boolean;
}

const programs = new Map<number, Program>();
const arrays = new Map<number, Tensor>();
const pool = new BufferPool();

async function compile({ program, model, constants, outputs, profilePrefix }: Extract<Request, { kind: 'compile' }>): Promise<void> {
  const session = await InferenceSession.create(model, {
    externalData: constants.map(({ name, bytes }) => ({ path: name, data: bytes })),
    executionProviders: device === 'cpu' ? ['cpu'] : [device, 'cpu'],
    // Programs come with their final operators; onnxruntime's passes would merge a recomputed forward with the first one.
    graphOptimizationLevel: 'disabled',
    enableMemPattern: false, // one block for all of a run is touched anew each time: more memory, more page faults
    // Tiny gradients make denormal moments, which a processor multiplies a hundred times slower.
    extra: { session: { set_denormal_as_zero: '1' } },
    logSeverityLevel: 3,
    ...(profilePrefix !== undefined && { enableProfiling: true, profileFilePrefix: profilePrefix }),
  });
  const outputBytes = outputs.reduce((sum, output) => sum + bytesOf(output), 0);
  pool.grow(outputBytes);
  programs.set(program, { session, outputs, outputBytes, profiled: profilePrefix !== undefined });
}

async function run({ program, inputs, results, donated }: Extract<Request, { kind: 'run' }>): Promise<void> {
  const { session, outputs } = programs.get(program)!;
  const feeds = Object.fromEntries(inputs.map((input) => [input.name, tensorOf(input)]));
  const fetches = Object.fromEntries(outputs.map((output) => [output.name, emptyTensor(output)]));
  try {
    const written = await session.run(feeds, fetches);
    outputs.forEach(({ name }, i) => {
      arrays.set(results[i]!, written[name] as Tensor);
    });
  } catch (error) {
    for (const tensor of Object.values(fetches)) recycle(tensor);
    throw error;
  }
  free(donated);
}

function tensorOf(input: RunInput): Tensor {
  if ('array' in input) return arrays.get(input.array)!;
  return new Tensor(input.dtype, input.data as Uint8Array, input.shape);
}

const views = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

function bytesOf({ dtype, shape }: OutputSpec): number {
  return sizeOf(shape) * views[dtype].BYTES_PER_ELEMENT;
}

function emptyTensor(output: OutputSpec): Tensor {
  return new Tensor(output.dtype, new views[output.dtype](pool.take(bytesOf(output))) as Uint8Array, output.shape);
}

function recycle(tensor: Tensor): void {
  const { buffer } = tensor.data as Float32Array;
  if (buffer instanceof ArrayBuffer) pool.give(buffer);
}

function free(ids: readonly number[]): void {
  for (const id of ids) {
    const tensor = arrays.get(id);
    if (tensor) recycle(tensor);
    arrays.delete(id);
  }
}

async function release(id: number): Promise<void> {
  const program = programs.get(id)!;
  programs.delete(id);
  pool.shrink(program.outputBytes);
  if (program.profiled) program.session.endProfiling();
  await program.session.release();
}

async function carryOut(request: Request): Promise<Float32Array | Int32Array | Uint8Array | undefined> {
  switch (request.kind) {
    case 'compile':
      await compile(request);
      return undefined;
    case 'run':
      await run(request);
      return undefined;
    case 'read':
      return arrays.get(request.array)!.data as Float32Array;
    case 'free':
      free(request.arrays);
      return undefined;
    case 'release':
      await release(request.program);
      return undefined;
  }
}

serve(carryOut);
