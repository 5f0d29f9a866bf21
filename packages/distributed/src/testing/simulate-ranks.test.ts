import { DeviceError, type HostArray, OptionError, ShapeError } from '@fsc-clip/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { simulateRanks } from './simulate-ranks.js';

const f32 = (...data: number[]) => ({ data: Float32Array.from(data), shape: [data.length] });

describe('simulateRanks', () => {
  it('averages gradients to the same bits on every rank, however the ranks take turns', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.float({ noNaN: true, noDefaultInfinity: true }), { minLength: 3, maxLength: 3 }), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.infiniteStream(fc.nat(5)),
        async (gradients, delays) => {
          const pauses = gradients.map(() => delays.next().value as number);
          const results = await simulateRanks(gradients.length, async ({ rank, allReduce }) => {
            for (let i = 0; i < pauses[rank]!; i++) await Promise.resolve();
            return allReduce(f32(...gradients[rank]!), 'mean');
          });
          const mean = [0, 1, 2].map((i) => Math.fround(gradients.reduce((sum, row) => sum + Math.fround(row[i]!), 0) / gradients.length));
          for (const { data } of results) expect(Array.from(data, (value) => value + 0)).toEqual(mean.map((value) => value + 0)); // −0 counts as 0;
        },
      ),
      { numRuns: 200 },
    );
  });

  it('throws the error of the rank that failed first, not those of the ranks that waited for it', async () => {
    const program = simulateRanks(3, async ({ rank, barrier }) => {
      if (rank === 1) throw new Error('out of memory');
      await barrier();
    });
    await expect(program).rejects.toThrow('out of memory');
  });

  it('does not hang when a rank ends early', async () => {
    const program = simulateRanks(3, async ({ rank, allReduce }) => {
      if (rank !== 2) await allReduce(f32(1));
    });
    await expect(program).rejects.toThrow(DeviceError);
    await expect(program).rejects.toThrow(
      'allReduce: `collective` needs every rank, got rank 0 waiting for rank 2, which has ended. All ranks must make the same calls in the same order',
    );
    const alreadyGone = simulateRanks(2, async ({ rank, barrier }) => {
      await barrier();
      if (rank === 0) return;
      for (let i = 0; i < 20; i++) await Promise.resolve();
      await barrier();
    });
    await expect(alreadyGone).rejects.toThrow('rank 1 waiting for rank 0');
  });

  it('names the ranks that disagree', async () => {
    await expect(simulateRanks(2, ({ rank, allReduce }) => allReduce(f32(...Array<number>(rank + 1).fill(0))))).rejects.toThrow(
      'allReduce: `array` must be the same on every rank, Float32Array [1] on rank 0, got Float32Array [2] on rank 1',
    );
    const arrays: HostArray[] = [f32(1), { data: Int32Array.of(1), shape: [1] }];
    await expect(simulateRanks(2, ({ rank, allGather }) => allGather(arrays[rank]!))).rejects.toThrow(ShapeError);
    await expect(simulateRanks(2, ({ rank, allReduce }) => allReduce(f32(1), rank === 0 ? 'sum' : 'max'))).rejects.toThrow(
      'allReduce: `op` must be the same on every rank, sum on rank 0, got max on rank 1',
    );
    await expect(simulateRanks(2, ({ rank, broadcast }) => broadcast(f32(1), rank))).rejects.toThrow(OptionError);
    await expect(simulateRanks<unknown>(2, ({ rank, barrier, allReduce }) => (rank === 0 ? barrier() : allReduce(f32(1))))).rejects.toThrow(
      'barrier: `collective` must be the same on every rank, a call of barrier on rank 0, got a call of allReduce on rank 1',
    );
  });

  it('refuses a number of ranks that is none', async () => {
    await expect(simulateRanks(0, async () => 1)).rejects.toThrow('simulateRanks: `size` must be a positive integer, got 0');
  });
});
