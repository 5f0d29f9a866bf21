import type { HostArray } from '@fsc-clip/core';
import { DeviceError, OptionError, ShapeError } from '@fsc-clip/core';
import { describe, expect, it } from 'vitest';
import type { Collective } from './collective.js';
import { connect } from './connect.js';
import { createSingle } from './create-single.js';
import { simulateRanks } from './testing/index.js';

type Program<Result> = (collective: Collective) => Promise<Result>;

/** The contract, run over every driver and number of ranks: `run` gives what the program returned on each rank. */
const drivers: readonly { name: string; size: number; run: <Result>(program: Program<Result>) => Promise<Result[]> }[] = [
  { name: 'single', size: 1, run: async (program) => [await program(createSingle())] },
  { name: "connect({ driver: 'single' })", size: 1, run: async (program) => [await program(await connect({ driver: 'single' }))] },
  ...[1, 2, 4].map((size) => ({
    name: `${size} simulated ranks`,
    size,
    run: <Result>(program: Program<Result>) => simulateRanks(size, program),
  })),
];

const f32 = (shape: number[], ...data: number[]): HostArray<Float32Array> => ({ data: Float32Array.from(data), shape });
const i32 = (shape: number[], ...data: number[]): HostArray<Int32Array> => ({ data: Int32Array.from(data), shape });
const u8 = (shape: number[], ...data: number[]): HostArray<Uint8Array> => ({ data: Uint8Array.from(data), shape });

describe.each(drivers)('collective contract: $name', ({ size, run }) => {
  const ranks = Array.from({ length: size }, (_, rank) => rank);
  const everywhere = <Result>(result: Result) => ranks.map(() => result);

  it('numbers the ranks', async () => {
    expect(await run(async ({ rank, size }) => [rank, size])).toEqual(ranks.map((rank) => [rank, size]));
  });

  it('reduces by sum, mean and max', async () => {
    const sum = ranks.reduce((total, rank) => total + rank, 0);
    const results = await run(async ({ rank, allReduce }) => [
      await allReduce(f32([2, 1], rank, -1)),
      await allReduce(f32([], rank + 0.5), 'mean'),
      await allReduce(i32([2], rank, 5 - rank), 'max'),
      await allReduce(i32([0])),
    ]);
    expect(results).toEqual(everywhere([f32([2, 1], sum, -size), f32([], sum / size + 0.5), i32([2], size - 1, 5), i32([0])]));
  });

  it('sums in the order of the ranks and rounds once', async () => {
    const parts = [1e8, 1, -1e8, 1].slice(0, size); // float32 alone would lose a 1 in 1e8 + 1
    const exact = Math.fround(parts.reduce((total, part) => total + part, 0));
    for (const { data } of await run(({ rank, allReduce }) => allReduce(f32([1], parts[rank]!)))) expect(data[0]).toBe(exact);
  });

  it('lets NaN through', async () => {
    for (const { data } of await run(({ rank, allReduce }) => allReduce(f32([1], rank === 0 ? Number.NaN : 1), 'max')))
      expect(data[0]).toBeNaN();
  });

  it('gathers along the first axis, rank 0 first', async () => {
    const results = await run(async ({ rank, allGather }) => [
      await allGather(f32([2, 2], rank, 0, 0, rank)),
      await allGather(u8([], rank)),
      await allGather(i32([0, 3])),
    ]);
    const rows = ranks.flatMap((rank) => [rank, 0, 0, rank]);
    expect(results).toEqual(everywhere([f32([2 * size, 2], ...rows), u8([size], ...ranks), i32([0, 3])]));
  });

  it('broadcasts from any rank', async () => {
    for (const root of ranks) {
      expect(await run(({ rank, broadcast }) => broadcast(i32([2], rank, 7), root))).toEqual(everywhere(i32([2], root, 7)));
    }
    expect(await run(({ rank, broadcast }) => broadcast(u8([], rank)))).toEqual(everywhere(u8([], 0)));
  });

  it('answers with new arrays and leaves its arguments alone', async () => {
    await run(async ({ allReduce, allGather, broadcast }) => {
      const array = f32([2], 1, 2);
      for (const result of [await allReduce(array), await allGather(array), await broadcast(array)]) {
        expect(result.data.buffer).not.toBe(array.data.buffer);
        result.data.fill(9);
      }
      expect([...array.data]).toEqual([1, 2]);
    });
  });

  it('lets nobody past a barrier before all have come', async () => {
    const arrived: number[] = [];
    const seen = await run(async ({ rank, barrier }) => {
      for (let i = 0; i < 3 * rank; i++) await Promise.resolve();
      arrived.push(rank);
      await barrier();
      return arrived.length;
    });
    expect(seen).toEqual(everywhere(size));
  });

  it('keeps the order of calls that are not awaited one by one', async () => {
    const results = await run(({ rank, allReduce }) => Promise.all([allReduce(f32([1], rank)), allReduce(f32([1], 10 * rank))]));
    const sum = ranks.reduce((total, rank) => total + rank, 0);
    expect(results).toEqual(everywhere([f32([1], sum), f32([1], 10 * sum)]));
  });

  it('refuses arrays and options that do not fit', async () => {
    await run(async ({ allReduce, allGather, broadcast, barrier }) => {
      await expect(allReduce(f32([3], 1, 2))).rejects.toThrow('allReduce: `array` must hold as many numbers as its shape [3], 3, got 2');
      await expect(allGather(f32([2, 2], 1))).rejects.toThrow(ShapeError);
      await expect(broadcast({ data: [1] as never, shape: [1] })).rejects.toThrow(
        'must hold a Float32Array, an Int32Array or a Uint8Array',
      );
      await expect(allReduce(f32([1], 1), 'product' as never)).rejects.toThrow('allReduce: `op` must be sum, mean or max, got product');
      await expect(allReduce(i32([1], 1), 'mean')).rejects.toThrow(OptionError);
      await expect(allReduce(u8([1], 1) as never)).rejects.toThrow('needs an array of f32 or i32');
      await expect(broadcast(f32([1], 1), size)).rejects.toThrow(`broadcast: \`root\` must be a rank in [0, ${size}), got ${size}`);
      await expect(broadcast(f32([1], 1), 0.5)).rejects.toThrow(OptionError);
      await barrier(); // a refused call is no call: the ranks still agree
    });
  });

  it('cannot be used after close, which may be called again', async () => {
    await run(async (collective) => {
      await collective.barrier();
      await collective.close();
      await collective.close();
      await expect(collective.barrier()).rejects.toThrow(DeviceError);
      await expect(collective.allReduce(f32([], 1))).rejects.toThrow(
        `allReduce: \`collective\` must be open, got one that was closed on rank ${collective.rank}. Call close at the very end`,
      );
      await expect(collective.allGather(f32([], 1))).rejects.toThrow(DeviceError);
      await expect(collective.broadcast(f32([], 1))).rejects.toThrow(DeviceError);
    });
  });
});

describe('connect', () => {
  it('is this process alone unless told otherwise', async () => {
    expect((await connect()).size).toBe(1);
  });

  it('refuses a driver that it does not have', async () => {
    await expect(connect({ driver: 'mpi' as never })).rejects.toThrow("connect: `driver` must be 'single', got mpi");
  });
});
