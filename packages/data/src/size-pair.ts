import { OptionError } from '@fsc-clip/core';

/** `size` as [height, width]. @throws OptionError when it is not one or two positive integers */
export function sizePair(caller: string, size: number | readonly [number, number]): readonly [number, number] {
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  if (![height, width].every((side) => Number.isInteger(side) && side > 0)) {
    throw new OptionError({
      function: caller,
      argument: 'size',
      rule: 'must be a positive integer or [height, width]',
      got: JSON.stringify(size),
    });
  }
  return [height, width];
}
