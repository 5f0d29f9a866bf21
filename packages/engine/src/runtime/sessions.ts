import { discard } from './discard.js';
import type { DeviceDriver, DeviceProgram, Feed } from './drivers/driver.js';
import type { CarryOut, Request, RunInput } from './protocol.js';

/** Keeps the programs and arrays of one device by their numbers, and carries out what is asked of them. */
export function createSessions<Held>(driver: DeviceDriver<Held>): CarryOut {
  const programs = new Map<number, DeviceProgram<Held>>();
  const arrays = new Map<number, Held>();

  const feed = (input: RunInput): Feed<Held> => {
    if (!('array' in input)) return { numbers: input };
    const move = (moved: Held) => arrays.set(input.array, moved);
    return { array: arrays.get(input.array)!, move };
  };
  const run = async ({ program, inputs, results, donated }: Extract<Request, { kind: 'run' }>): Promise<void> => {
    const made = await programs.get(program)!.run(new Map(inputs.map((input) => [input.name, feed(input)])));
    free(donated);
    made.forEach((array, i) => {
      arrays.set(results[i]!, array);
    });
  };
  const free = (ids: readonly number[]): void => {
    for (const id of ids) {
      const array = arrays.get(id);
      if (array !== undefined) driver.free(array);
      arrays.delete(id);
    }
  };
  const release = async (id: number): Promise<void> => {
    const program = programs.get(id)!;
    programs.delete(id);
    await program.release();
  };

  return async (request) => {
    switch (request.kind) {
      case 'compile':
        programs.set(request.program, await driver.open(request.spec, request.profilePrefix));
        discard(request.spec.constants.flatMap(({ bytes, fedShape }) => (fedShape ? [] : bytes)));
        return undefined;
      case 'put':
        arrays.set(request.array, await driver.put(request.numbers));
        return undefined;
      case 'run':
        await run(request);
        return undefined;
      case 'read':
        return driver.read(arrays.get(request.array)!);
      case 'free':
        free(request.arrays);
        return undefined;
      case 'release':
        await release(request.program);
        return undefined;
    }
  };
}
