import { DataError, type HostArray, type Key } from '@fsc-clip/core';
import { startWorker } from '@fsc-clip/core/worker';
import type { ImageTransform } from './image-transform.js';
import type { WorkerJob, WorkerReply, WorkerSettings } from './image-worker.js';
import { type ColourOrder, loadImage } from './load-image.js';
import type { Sample } from './sample.js';

/** Loads pictures, several at a time, in this thread or in workers. */
export interface ImageLoader {
  /** f32 [3, S, S]. @throws DataError naming the file */
  load(sample: Sample, key: Key): Promise<HostArray<Float32Array>>;
  /** Takes back the array of a result that is no longer used, for a later one: megabytes a second would keep the garbage collector busy. */
  reuse(result: HostArray<Float32Array>): void;
  /** Refuses what still waits, lets running work end, then ends the threads. */
  close(): Promise<void>;
}

type Job = Omit<WorkerJob, 'id'>;
type Runner = (job: Job) => Promise<HostArray<Float32Array>>;

/** Jobs at once per thread: while one picture is decoded (outside JavaScript), another is resized. */
const JOBS_PER_THREAD = 2;

export function createImageLoader(workers: number, transform: ImageTransform, colourOrder: ColourOrder): ImageLoader {
  const { settings } = transform; // a function of the user's own has none, and no workers
  const threads = settings ? Array.from({ length: workers }, () => startThread({ transform: settings, colourOrder })) : [];
  const local: Runner = ({ source, name, key, into }) => loadImage(source, name, key, colourOrder, transform, into);
  const spare: Float32Array[] = [];
  const runners = threads.length === 0 ? [local] : threads.map(({ run }) => run);
  const idle = runners.flatMap((run) => Array.from({ length: JOBS_PER_THREAD }, () => run));
  const waiting: { start: (run: Runner) => void; refuse: (reason: Error) => void }[] = [];
  let closed = false;
  const runner = (): Promise<Runner> =>
    new Promise((start, refuse) => {
      if (closed) refuse(new Error('batches: closed'));
      else if (idle.length > 0) start(idle.shift()!);
      else waiting.push({ start, refuse });
    });
  return {
    load: async (sample, key) => {
      const run = await runner();
      try {
        const source = await sourceOf(sample);
        const into = spare.pop();
        return await run({ source, name: sample.key, key, ...(into && { into }) });
      } finally {
        const next = waiting.shift();
        if (next) next.start(run);
        else idle.push(run);
      }
    },
    reuse: ({ data }) => {
      if (settings) spare.push(data); // a function of the user's own may keep what it returned
    },
    close: async () => {
      closed = true;
      for (const { refuse } of waiting.splice(0)) refuse(new Error('batches: closed'));
      await Promise.all(threads.map(({ close }) => close()));
    },
  };
}

async function sourceOf({ key, image }: Sample): Promise<Job['source']> {
  if (typeof image !== 'function') return image;
  try {
    return await image();
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : String(cause);
    throw new DataError({ function: 'batches', argument: key, rule: 'must have an image function that returns pixels', got, cause });
  }
}

function startThread(data: WorkerSettings): { run: Runner; close(): Promise<void> } {
  const worker = startWorker(import.meta.url, './image-worker', { data, name: 'fsc-clip images' });
  const running = new Map<number, { resolve: (image: HostArray<Float32Array>) => void; reject: (reason: unknown) => void }>();
  let ids = 0;
  let closing = false;
  // An idle thread must not keep the process alive when somebody leaves an iterator without ending it.
  worker.unref();
  const settle = (id: number) => {
    const job = running.get(id)!;
    running.delete(id);
    if (running.size === 0 && !closing) worker.unref(); // while it is closed somebody waits for its end
    return job;
  };
  worker.on('message', (reply: WorkerReply) => {
    const { resolve, reject } = settle(reply.id);
    if ('data' in reply) resolve({ data: reply.data, shape: reply.shape });
    else reject('detail' in reply ? new DataError(reply.detail) : reply.error);
  });
  const rejectAll = (reason: unknown) => {
    for (const id of [...running.keys()]) settle(id).reject(reason);
  };
  worker.on('error', rejectAll);
  const exited = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  exited.then(() => rejectAll(new Error('batches: the worker thread ended')));
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const id = ids++;
        if (running.size === 0) worker.ref();
        running.set(id, { resolve, reject });
        const owned = ownCopy(job);
        worker.postMessage({ ...owned.job, id } satisfies WorkerJob, owned.transfer);
      }),
    close: async () => {
      closing = true;
      worker.ref();
      worker.postMessage('close');
      await exited;
    },
  };
}

/**
 * Bytes are copied and the copy handed over: cloning a view would clone all of the buffer behind it (a whole shard). The array for the result is
 * handed over as it is.
 */
function ownCopy(job: Job): { job: Job; transfer: ArrayBuffer[] } {
  const { source, into } = job;
  const transfer = into ? [into.buffer as ArrayBuffer] : [];
  if (typeof source === 'string') return { job, transfer };
  if (source instanceof Uint8Array) {
    const copy = new Uint8Array(source);
    return { job: { ...job, source: copy }, transfer: [...transfer, copy.buffer] };
  }
  const copy = new Uint8Array(source.data);
  return { job: { ...job, source: { ...source, data: copy } }, transfer: [...transfer, copy.buffer] };
}
