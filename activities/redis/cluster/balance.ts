/** Which masters are to have which slots. Pure, table-tested. */
import { rangesOf, sizeOf, slotCount, type SlotRange, slotsOf } from './slots';

/** A master with its replicas. */
export interface Shard {
  /** Of its nodes, the master's first: after a failover another of them has the slots. */
  ids: string[];
  slots: SlotRange[];
}

/**
 * The same shards with equal shares, to within one slot, for those that stay, and none for the others. As few slots as
 * possible are moved: each gives away its last ones.
 */
export function balanced<S extends { slots: SlotRange[] }>(shards: S[], stays: (shard: S) => boolean): S[] {
  const sizes = targetSizes(shards, stays);
  const kept = shards.map(({ slots }, index) => slotsOf(slots).slice(0, sizes[index]));
  const spare = shards.flatMap(({ slots }, index) => slotsOf(slots).slice(sizes[index]));
  let given = 0;
  return shards.map((shard, index) => {
    const own = kept[index]!;
    const lacking = sizes[index]! - own.length;
    const slots = [...own, ...spare.slice(given, given + lacking)].sort((one, other) => one - other);
    given += lacking;
    return { ...shard, slots: rangesOf(slots) };
  });
}

/** What cannot be divided stays with those that have most. */
function targetSizes<S extends { slots: SlotRange[] }>(shards: S[], stays: (shard: S) => boolean): number[] {
  const staying = shards.filter(stays).sort((one, other) => sizeOf(other.slots) - sizeOf(one.slots));
  const each = Math.floor(slotCount / staying.length);
  const rest = slotCount % staying.length;
  return shards.map((shard) => {
    const rank = staying.indexOf(shard);
    return rank < 0 ? 0 : each + (rank < rest ? 1 : 0);
  });
}

/** Slots that have another master afterwards. */
export function movedBetween(before: { slots: SlotRange[] }[], after: { slots: SlotRange[] }[]): number {
  return before.reduce((sum, { slots }, index) => {
    const kept = new Set(slotsOf(after[index]!.slots));
    return sum + slotsOf(slots).filter((slot) => !kept.has(slot)).length;
  }, 0);
}

/**
 * The slots of each master, by their first: two layouts that show the same have every slot together with the same others.
 * Which node the master is does not count, for a failover changes that.
 */
export function partitionOf(shards: { slots: SlotRange[] }[]): SlotRange[][] {
  return shards
    .map(({ slots }) => slots)
    .filter((slots) => slots.length > 0)
    .sort(([one], [other]) => one![0] - other![0]);
}
