import { DeviceError, type HostArray, OptionError, ShapeError } from '@fsc-clip/core';

/** One rank's part in a meeting. */
interface Guest {
  readonly array: HostArray;
  readonly option: string | number | undefined;
  readonly name: string;
  readonly resolve: (arrays: HostArray[]) => void;
  readonly reject: (error: Error) => void;
}

/** Where simulated ranks exchange arrays. The n-th call of every rank is one meeting, which ends when all ranks have come. */
export interface Meetings {
  meet<Data extends HostArray['data']>(
    rank: number,
    name: string,
    array: HostArray<Data>,
    option: string | number | undefined,
    combine: (arrays: readonly HostArray<Data>[]) => HostArray<Data>,
  ): Promise<HostArray<Data>>;
  /** Says that a rank comes to no further meeting. */
  leave(rank: number): void;
}

export function createMeetings(size: number): Meetings {
  const open = new Map<number, Map<number, Guest>>(); // meeting -> rank -> guest
  const attended = new Array<number>(size).fill(0);
  const left = new Set<number>();

  const settle = (meeting: number) => {
    const guests = open.get(meeting)!;
    const missing = [...left].find((rank) => attended[rank]! <= meeting);
    if (missing === undefined && guests.size < size) return;
    open.delete(meeting);
    const inOrder = Array.from({ length: size }, (_, rank) => guests.get(rank));
    const error = missing === undefined ? disagreement(inOrder as Guest[]) : absence(missing, inOrder);
    const arrays = inOrder.map((guest) => guest?.array);
    for (const guest of guests.values()) {
      if (error) guest.reject(error);
      else guest.resolve(arrays as HostArray[]);
    }
  };

  return {
    meet: <Data extends HostArray['data']>(
      rank: number,
      name: string,
      array: HostArray<Data>,
      option: string | number | undefined,
      combine: (arrays: readonly HostArray<Data>[]) => HostArray<Data>,
    ) =>
      new Promise<HostArray<Data>>((resolve, reject) => {
        const meeting = attended[rank]!++;
        const guests = open.get(meeting) ?? new Map<number, Guest>();
        // Combined as the meeting ends, before any rank goes on and may change its array.
        const part = { name, array, option, reject, resolve: (arrays: HostArray[]) => resolve(combine(arrays as HostArray<Data>[])) };
        open.set(meeting, guests.set(rank, part));
        settle(meeting);
      }),
    leave: (rank) => {
      left.add(rank);
      for (const meeting of [...open.keys()]) settle(meeting);
    },
  };
}

function absence(missing: number, guests: readonly (Guest | undefined)[]): DeviceError {
  const waiting = guests.findIndex((guest) => guest !== undefined);
  return new DeviceError({
    function: guests[waiting]!.name,
    argument: 'collective',
    rule: 'needs every rank',
    got: `rank ${waiting} waiting for rank ${missing}, which has ended`,
    hint: 'All ranks must make the same calls in the same order',
  });
}

function disagreement(guests: readonly Guest[]): Error | undefined {
  const first = guests[0]!;
  for (const [rank, guest] of guests.entries()) {
    const differs = (argument: string, of: (guest: Guest) => string) => ({
      function: first.name,
      argument,
      rule: `must be the same on every rank, ${of(first)} on rank 0`,
      got: `${of(guest)} on rank ${rank}`,
    });
    if (guest.name !== first.name) return new DeviceError(differs('collective', ({ name }) => `a call of ${name}`));
    if (guest.option !== first.option)
      return new OptionError(differs(first.name === 'broadcast' ? 'root' : 'op', ({ option }) => String(option)));
    if (describe(guest.array) !== describe(first.array)) return new ShapeError(differs('array', ({ array }) => describe(array)));
  }
  return undefined;
}

function describe({ data, shape }: HostArray): string {
  return `${data.constructor.name} [${shape.join(', ')}]`;
}
