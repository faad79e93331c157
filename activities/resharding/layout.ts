/** Which master is to have which slots, and in which words that is told. Pure, table-tested. */
import { digestOf } from '../kubernetes/digest';
import { balanced, partitionOf, type Shard } from '../redis/cluster/balance';
import type { Moved } from '../redis/cluster/batch';
import type { SlotPlan } from '../redis/cluster/situation';
import { type Node, owns, shardsIn } from '../redis/cluster/nodes';
import { sizeOf, slotsOf } from '../redis/cluster/slots';

export interface PlacedShard extends Shard {
  /** Of the pod that is its master; Infinity: of one that is not there yet. */
  ordinal: number;
}

export interface Target {
  before: PlacedShard[];
  /** The same shards in the same order. Absent where fewer masters stay than are wanted: `staying`. */
  after?: PlacedShard[];
  staying: number;
}

export function placedShards(nodes: Node[]): PlacedShard[] {
  return shardsIn(nodes).map((shard) => ({
    ...shard,
    ordinal: nodes.find(({ view }) => view.id === shard.ids[0])!.member.ordinal,
  }));
}

/** `pods`: those with lower numbers stay. Masters that are still lacking are thought of as empty ones. */
export function targetOf(shards: PlacedShard[], masters: number, pods: number): Target {
  const lacking = Math.max(0, masters - shards.length);
  const before = [...shards, ...Array.from({ length: lacking }, () => ({ ids: [], ordinal: Infinity, slots: [] }))];
  const staying = before
    .filter(({ ordinal }) => ordinal < pods || ordinal === Infinity)
    // Where more stay than are wanted, those give theirs away that have fewest.
    .sort((one, other) => sizeOf(other.slots) - sizeOf(one.slots))
    .slice(0, masters);
  if (staying.length < masters) return { before, staying: staying.length };
  return { before, after: balanced(before, (shard) => staying.includes(shard)), staying: staying.length };
}

/** Masters with slots: those that got their first ones by this plan, and the others. */
export function arrivedIn({ before, after }: SlotPlan, nodes: Node[]): [arrived: Node[], others: Node[]] {
  const ids = new Set(before.flatMap((shard, index) => (isFirst(shard, after[index]!) ? shard.ids : [])));
  const masters = nodes.filter(owns);
  return [masters.filter(({ view }) => ids.has(view.id)), masters.filter(({ view }) => !ids.has(view.id))];
}

function isFirst(before: Shard, after: Shard): boolean {
  return before.slots.length === 0 && after.slots.length > 0;
}

/** The same where every slot is together with the same others, whichever node of a shard is its master. */
export function showLayout(shards: Shard[]): string {
  const partition = partitionOf(shards);
  const sizes = partition.map(sizeOf);
  const shown =
    sizes.length > 6 ? `${Math.min(...sizes)} to ${Math.max(...sizes)} slots each` : `${sizes.join(', ')} slots`;
  return `${sizes.length} masters with ${shown} (${digestOf(partition)})`;
}

/** What one attempt has moved; at its end, of the slots that had to move others may have been there: an earlier attempt's, or never gone. */
export function showMoved({ slots, byServers, keys }: Moved, end?: { seconds: number; ofSlots: number }): string {
  const done =
    byServers === 0
      ? `${slots} slots with ${keys} keys moved`
      : `${slots} slots moved, ${byServers} of them by the servers themselves`;
  if (!end) return done;
  const already = end.ofSlots - slots;
  const rest = already > 0 ? `; ${already} were there already` : '';
  return `${done} in ${end.seconds.toFixed(1)} s${rest}`;
}

/** By what a slot of each master takes now. */
export function comingBytes(before: PlacedShard[], after: PlacedShard[], bytes: number[]): number[] {
  const each = before.map(({ slots }, index) => bytes[index]! / Math.max(1, sizeOf(slots)));
  const holder = new Map(before.flatMap(({ slots }, index) => slotsOf(slots).map((slot) => [slot, index] as const)));
  return after.map(({ slots }, index) =>
    slotsOf(slots)
      .filter((slot) => holder.get(slot) !== index)
      .reduce((sum, slot) => sum + each[holder.get(slot)!]!, 0),
  );
}
