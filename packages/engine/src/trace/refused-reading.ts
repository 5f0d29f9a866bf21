import { DeviceError } from '@fsc-clip/core';
import { userCall } from './user-line.js';

/** tfjs's operations that read values to find the shape of their result. */
const shapedByValues = new Set([
  'booleanMaskAsync',
  'nonMaxSuppressionAsync',
  'nonMaxSuppressionPaddedAsync',
  'nonMaxSuppressionWithScoreAsync',
  'setdiff1dAsync',
  'whereAsync',
]);

/** What a function is told that reads values while it is traced, with its own line. */
export function refusedReading(): DeviceError {
  const { line, called } = userCall();
  const byValues = shapedByValues.has(called);
  return new DeviceError({
    function: 'jit',
    argument: 'fn',
    rule: byValues
      ? 'cannot make a shape that depends on values: a program has fixed shapes'
      : 'cannot read the values of a tensor: while it is traced there are none',
    got: `${called}() at ${line}`,
    hint: byValues
      ? 'Keep all elements and leave the unwanted ones out by a mask (where, mul)'
      : 'Return the tensor and read the result, or compute with tensors instead (where, mul by a mask)',
  });
}
