/**
 * What is to be done next so that slots get from one layout to another, from what every node says now. Asked again after each
 * batch, so that it does not matter where somebody was interrupted.
 *
 * 1. A slot that was closed on one side only is closed on the other: the master with the newest epoch has it (settle).
 * 2. A slot that is half moved is finished first, on the way that it had: its keys are on two nodes, and only the marks lead
 *    clients to them. It is half moved where a node says so, or where the side that does not have it holds keys of it, because
 *    marks do not survive a failover.
 * 3. Then others, where every node answers and says that all is well.
 *
 * A master without slots gets its first one alone, because clients do not know it before.
 *
 * A slot that nobody has any more is given a master again (heirs.ts). How much of all this is done at once, and in which order, is
 * a question of whose claim is believed (rounds.ts).
 *
 * When all is moved, a shard may have two masters: one that died, was replaced, and came back when its last slots had gone to
 * others. Nobody takes a slot from it any more, which is how Redis would make it a replica. It follows the other then; unless it
 * holds keys, which may be nowhere else: those of slots that were coming to it when it died.
 *
 * Where the servers move slots by themselves (native.ts), they are told to, all at once. What they are at already is watched where it is
 * this plan's, cancelled where it is the way back of it, and anything else is somebody else's. Slots that are half moved are
 * not theirs: those are finished as above.
 *
 * Only slots that the two layouts differ in are touched, and only where one of the two masters has them. Pure, table-tested.
 */
import type { Shard } from './balance';
import { heirOf } from './heirs';
import { ordersOf, runningOf, wayOf } from './native';
import type { Node } from './nodes';
import { failingIn, roundOf } from './rounds';
import type { Following, Move, NextMoves, Settlement, Situation, SlotPlan } from './situation';
import { showRanges, slotsOf } from './slots';

/** `most`: of each master that gives slots away. */
export function nextMoves(plan: SlotPlan, situation: Situation, most: number): NextMoves {
  const next = nextSlots(plan, situation, most);
  if (next.answer !== 'done') return next;
  const follow = replaced(plan.before, situation.nodes);
  for (const { at, master } of follow) {
    const [former, present] = [at.member.pod, master.member.pod];
    if (at.self.slots.length > 0)
      return { answer: 'wait', reason: `${former} does not know yet that ${present} has replaced it` };
    if (at.view.keys > 0) {
      return {
        answer: 'refuse',
        reason: `${former}, which ${present} has replaced, holds ${at.view.keys} keys of slots that are not its own: compare them with ${present}'s, then delete them there`,
      };
    }
  }
  return follow.length > 0 ? { answer: 'follow', follow } : next;
}

function nextSlots({ before, after }: SlotPlan, situation: Situation, most: number): NextMoves {
  const masters = before.map((shard) => masterOf(shard, situation.nodes));
  const missing = masters.findIndex((master) => master === undefined);
  if (missing >= 0)
    return {
      answer: 'wait',
      reason: `no pod of the shard of node ${before[missing]!.ids[0]!.slice(0, 8)} is a master`,
    };
  const known = masters as Node[];
  const claims = known.map(({ self }) => new Set(slotsOf(self.slots)));
  const marks = marksOf(known);
  const was = holdersOf(before);
  const is = holdersOf(after);
  const under = underWay(known, was, is);
  if ('drift' in under) return { answer: 'drift', reason: under.drift };

  const settle: Settlement[] = [];
  const half: Move[] = [];
  const fresh: Move[] = [];
  let blocked: NextMoves | undefined;
  const holdsKeys = (node: Node, slot: number) => situation.holds.get(node.view.id)?.has(slot) ?? false;
  for (const [slot, source] of was) {
    if (under.slots.has(slot)) continue;
    const target = is.get(slot)!;
    const marked = marks.get(slot) ?? [];
    // One of a third master, or that leads to one, is not of this plan: its keys may be there.
    const alien = marked.some(({ at, peer }) => {
      const [one, other] = [known[source], known[target]];
      const opposite = at === one ? target : at === other ? source : undefined;
      return opposite === undefined || !before[opposite]!.ids.includes(peer);
    });
    if (alien) return { answer: 'drift', reason: `slot ${slot} is being moved by somebody else` };
    // Most slots stay, and are where they belong.
    if (source === target && claims[source]!.has(slot) && !marks.has(slot)) continue;
    const sides = [...new Set([source, target])].map((index) => ({ index, node: known[index]! }));
    const owners = sides
      .filter(({ index }) => claims[index]!.has(slot))
      .sort((one, other) => other.node.self.epoch - one.node.self.epoch);
    const [owner] = owners;
    if (!owner) {
      // Given away by the one, and not taken by the other yet.
      const taker = sides.find(({ node }) => node.self.moving.some((mark) => mark.slot === slot && 'from' in mark));
      const isElsewhere = sides.some((side) => side !== taker && holdsKeys(side.node, slot));
      if (taker && !isElsewhere) {
        settle.push({ slot, owner: taker.node, at: taker.node });
        continue;
      }
      const taken = situation.nodes.find(({ self }) => self.master === undefined && includes(self.slots, slot));
      if (!taken) {
        const heir = heirOf(
          slot,
          sides.map(({ node }) => node),
          situation,
        );
        if (!('answer' in heir)) settle.push(heir);
        else if (blocked?.answer !== 'refuse') blocked = heir;
        continue;
      }
      if (situation.trouble !== undefined) return { answer: 'wait', reason: situation.trouble };
      return { answer: 'drift', reason: `slot ${slot} is with ${taken.member.pod}, where nobody was to move it` };
    }
    if (owners[1]?.node.self.epoch === owner.node.self.epoch) {
      const pods = owners.map(({ node }) => node.member.pod).join(' and ');
      blocked ??= { answer: 'wait', reason: `both ${pods} have slot ${slot}, by the same epoch` };
      continue;
    }
    const other = sides.find(({ index }) => index !== owner.index);
    if (!other) {
      if (marked.length > 0) return { answer: 'drift', reason: `slot ${slot} is being moved by somebody else` };
      continue;
    }
    const late = [
      ...marked.filter(({ at, way }) => way === (at === owner.node ? 'in' : 'out')).map(({ at }) => at),
      ...owners.slice(1).map(({ node }) => node),
    ];
    if (late.length > 0) {
      settle.push(...[...new Set(late)].map((at) => ({ slot, owner: owner.node, at })));
      continue;
    }
    const move = { slot, from: owner.node, to: other.node };
    if (marked.length > 0 || holdsKeys(other.node, slot)) {
      // What is coming to a node is not changed there by what others say: of a failover on the other side it does not hear.
      if (!attributes(other.node, owner.node, slot)) settle.push({ slot, owner: owner.node, at: other.node });
      else half.push({ ...move, half: true });
    } else if (owner.index !== target) fresh.push({ ...move, half: false });
  }
  const way = wayOf(situation.nodes);
  if (under.cancel.length > 0) return ordered(under, [], situation);
  if (settle.length + half.length > 0 || blocked || (way === 'pipeline' && under.slots.size === 0)) {
    const busy = { givers: under.watch, getters: under.getters };
    return roundOf({ settle, half, fresh, busy, blocked }, situation, most);
  }
  return ordered(under, way === 'native' ? fresh : [], situation);
}

interface UnderWay {
  slots: Set<number>;
  watch: Node[];
  cancel: Node[];
  getters: Node[];
}

/** What the servers are at by themselves. */
function underWay(masters: Node[], was: Map<number, number>, is: Map<number, number>): UnderWay | { drift: string } {
  const under: UnderWay = { slots: new Set(), watch: [], cancel: [], getters: [] };
  for (const [index, at] of masters.entries()) {
    for (const migration of runningOf(at)) {
      const to = masters.findIndex(({ view }) => view.id === migration.to);
      const slots = slotsOf(migration.slots);
      const isOurs = slots.every((slot) => was.get(slot) === index && is.get(slot) === to);
      const isBack = slots.every((slot) => is.get(slot) === index && was.get(slot) === to);
      if (!isOurs && !isBack) {
        return { drift: `${at.member.pod} is moving slots ${showRanges(migration.slots)}, told to by somebody else` };
      }
      const nodes = isOurs ? under.watch : under.cancel;
      if (!nodes.includes(at)) nodes.push(at);
      under.getters.push(masters[to]!);
      for (const slot of slots) under.slots.add(slot);
    }
  }
  return under;
}

function ordered({ watch, cancel }: UnderWay, fresh: Move[], { nodes, trouble }: Situation): NextMoves {
  const begin =
    trouble === undefined ? ordersOf(fresh.filter(({ from, to }) => failingIn([from, to], nodes) === undefined)) : [];
  if (watch.length + cancel.length + begin.length > 0) return { answer: 'order', cancel, begin, watch };
  if (fresh.length === 0 && trouble === undefined) return { answer: 'done' };
  return { answer: 'wait', reason: trouble ?? 'a node sees another as failing' };
}

/** After a failover one of its replicas is; the former one may not have heard of it yet. */
function masterOf(shard: Shard, nodes: Node[]): Node | undefined {
  return mastersOf(shard, nodes)[0];
}

/** The one with the newest epoch first. */
function mastersOf({ ids }: Shard, nodes: Node[]): Node[] {
  return nodes
    .filter(({ view, self }) => ids.includes(view.id) && self.master === undefined)
    .sort((one, other) => other.self.epoch - one.self.epoch);
}

function replaced(shards: Shard[], nodes: Node[]): Following[] {
  return shards.flatMap((shard) => {
    const [master, ...former] = mastersOf(shard, nodes);
    return former.map((at) => ({ at, master: master! }));
  });
}

function attributes(one: Node, other: Node, slot: number): boolean {
  return includes(one.view.known.find(({ id }) => id === other.view.id)?.slots ?? [], slot);
}

interface Mark {
  at: Node;
  way: 'in' | 'out';
  /** Id of the other side. */
  peer: string;
}

function marksOf(masters: Node[]): Map<number, Mark[]> {
  const marks = new Map<number, Mark[]>();
  for (const at of masters) {
    for (const moving of at.self.moving) {
      const mark: Mark = 'to' in moving ? { at, way: 'out', peer: moving.to } : { at, way: 'in', peer: moving.from };
      marks.set(moving.slot, [...(marks.get(moving.slot) ?? []), mark]);
    }
  }
  return marks;
}

/** Slot → place of its shard. */
function holdersOf(shards: Shard[]): Map<number, number> {
  return new Map(shards.flatMap(({ slots }, index) => slotsOf(slots).map((slot) => [slot, index] as const)));
}

function includes(ranges: [number, number][], slot: number): boolean {
  return ranges.some(([first, last]) => first <= slot && slot <= last);
}
