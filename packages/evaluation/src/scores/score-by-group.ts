import { DataError } from '@fsc-clip/core';
import { type ItemScore, itemScore } from './score.js';

/**
 * The score of every group of items: accuracy by kind of foil, by relation, by class.
 *
 * @param perItem - one number per item, e.g. `compositionalAccuracy(…).perItem`
 * @param groups - the group of every item
 * @returns groups in the order in which they first appear
 * @throws DataError when the lengths differ or there is no item
 * @example
 * const byKind = scoreByGroup(accuracy.perItem, ['colour', 'layout', 'colour']);
 * byKind.get('colour'); // { value, standardError, perItem }
 */
export function scoreByGroup<Group extends string | number>(perItem: ArrayLike<number>, groups: ArrayLike<Group>): Map<Group, ItemScore> {
  if (groups.length !== perItem.length || perItem.length === 0) {
    throw new DataError({
      function: 'scoreByGroup',
      argument: 'groups',
      rule: `must name the group of each of the ${perItem.length} items, at least one`,
      got: `${groups.length} names`,
    });
  }
  const members = new Map<Group, number[]>();
  for (let i = 0; i < groups.length; i++) {
    const group = members.get(groups[i]!);
    if (group) group.push(perItem[i]!);
    else members.set(groups[i]!, [perItem[i]!]);
  }
  return new Map([...members].map(([group, values]) => [group, itemScore('scoreByGroup', Float32Array.from(values))]));
}
