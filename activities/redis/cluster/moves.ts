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
 * In one round a master either gives slots or gets them, and gives them only to one that knows its present epoch: whoever gets a
 * slot claims it with a new epoch, and a giver that had a newer one by then would be believed instead. The one that is not
 * believed deletes its keys of the slot, and when the giver is told to let go, nobody has it. (Redis 7.0 and newer, cluster_legacy.c and
 * cluster.c: clusterUpdateSlotsConfigWith.)
 *
 * A slot that nobody has any more, because a command of somebody dead arrived late, goes to whoever holds its keys, or else to
 * the one that is to have it.
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
import { type Order, ordersOf, runningOf, wayOf } from './native';
import type { Node } from './nodes';
import { showRanges, slotsOf } from './slots';

export interface SlotPlan {
  before: Shard[];
  /** The same shards in the same order. */
  after: Shard[];
}

export interface Move {
  slot: number;
  from: Node;
  to: Node;
  /** By us, before: keys of it may be on both sides. */
  half: boolean;
}

/** The slot is `owner`'s, and `at` does not know it yet. */
export interface Settlement {
  slot: number;
  owner: Node;
  at: Node;
  /** Nobody has it, nor is it on its way: its new owner is told that it comes from there, which makes its epoch the newest. */
  from?: Node;
}

export interface Following {
  at: Node;
  master: Node;
}

export type NextMoves =
  | { answer: 'done' }
  | { answer: 'wait'; reason: string }
  | { answer: 'drift'; reason: string }
  /** Nothing is right to do about it but by hand. */
  | { answer: 'refuse'; reason: string }
  | { answer: 'act'; settle: Settlement[]; moves: Move[] }
  /** By the servers themselves. `cancel`, `watch`: at which of them. */
  | { answer: 'order'; cancel: Node[]; begin: Order[]; watch: Node[] }
  | { answer: 'follow'; follow: Following[] };

export interface Situation {
  /** Those that answer. */
  nodes: Node[];
  /** Why there may be more, or not all is well: nothing new is begun. */
  trouble?: string;
  /** Every node answers. */
  isWhole: boolean;
  /** Node id → slots of which it holds keys, as far as that was asked. */
  holds: Map<string, Set<number>>;
}

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
      if (taker) {
        settle.push({ slot, owner: taker.node, at: taker.node });
        continue;
      }
      const taken = situation.nodes.find(({ self }) => self.master === undefined && includes(self.slots, slot));
      if (!taken) {
        const heir = heirOf(
          slot,
          sides.map(({ node }) => node),
          known[target]!,
          situation,
        );
        if ('answer' in heir) return heir;
        settle.push(heir);
        continue;
      }
      if (situation.trouble !== undefined) return { answer: 'wait', reason: situation.trouble };
      return { answer: 'drift', reason: `slot ${slot} is with ${taken.member.pod}, where nobody was to move it` };
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
      // The owner first: that makes its epoch the newest.
      const order = [...new Set(late)].sort((one) => (one === owner.node ? -1 : 1));
      settle.push(...order.map((at) => ({ slot, owner: owner.node, at })));
      continue;
    }
    const move = { slot, from: owner.node, to: other.node };
    if (marked.length > 0 || situation.holds.get(other.node.view.id)?.has(slot)) {
      // What is coming to a node is not changed there by what others say: of a failover on the other side it does not hear.
      if (!attributes(other.node, owner.node, slot)) settle.push({ slot, owner: owner.node, at: other.node });
      else half.push({ ...move, half: true });
    } else if (owner.index !== target) fresh.push({ ...move, half: false });
  }
  const way = wayOf(situation.nodes);
  if (settle.length + half.length > 0 || (way === 'pipeline' && under.slots.size === 0)) {
    return chosen(settle, half, fresh, situation, most);
  }
  return ordered(under, way === 'native' ? fresh : [], situation);
}

interface UnderWay {
  slots: Set<number>;
  watch: Node[];
  cancel: Node[];
}

/** What the servers are at by themselves. */
function underWay(masters: Node[], was: Map<number, number>, is: Map<number, number>): UnderWay | { drift: string } {
  const under: UnderWay = { slots: new Set(), watch: [], cancel: [] };
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
      for (const slot of slots) under.slots.add(slot);
    }
  }
  return under;
}

function ordered({ watch, cancel }: UnderWay, fresh: Move[], { nodes, trouble }: Situation): NextMoves {
  const begin =
    trouble === undefined
      ? ordersOf(fresh.filter(({ from, to }) => ![from, to].some((node) => seenFailing(node, nodes))))
      : [];
  if (watch.length + cancel.length + begin.length > 0) return { answer: 'order', cancel, begin, watch };
  if (fresh.length === 0 && trouble === undefined) return { answer: 'done' };
  return { answer: 'wait', reason: trouble ?? 'a node sees another as failing' };
}

function chosen(
  settle: Settlement[],
  half: Move[],
  fresh: Move[],
  { nodes, trouble }: Situation,
  most: number,
): NextMoves {
  if (settle.length + half.length + fresh.length === 0) {
    return trouble === undefined ? { answer: 'done' } : { answer: 'wait', reason: trouble };
  }
  // They may make an epoch the newest: nobody gives slots away meanwhile.
  if (settle.length > 0) return { answer: 'act', settle, moves: [] };
  const firstGivers = new Map(half.map(({ to }) => [to, undefined as Node | undefined]));
  const isTurn = ({ from, to, half: isHalf }: Move) => {
    if (isHalf || to.self.slots.length > 0) return true;
    if (!firstGivers.has(to)) firstGivers.set(to, from);
    return firstGivers.get(to) === from;
  };
  const hindered = hindrances(nodes);
  const counts = new Map<Node, number>();
  const getters = new Set<Node>();
  let hindrance: string | undefined;
  const moves = [...half, ...(trouble === undefined ? fresh : [])].filter((move) => {
    const { from, to } = move;
    const count = counts.get(from) ?? 0;
    if (!isTurn(move) || count >= most || getters.has(from) || counts.has(to)) return false;
    const found = hindered(from, to);
    hindrance ??= found;
    if (found !== undefined) return false;
    counts.set(from, count + 1);
    getters.add(to);
    return true;
  });
  if (moves.length > 0) return { answer: 'act', settle, moves };
  return { answer: 'wait', reason: trouble ?? hindrance! };
}

/** Of a slot that no node has, and that no mark leads to. */
function heirOf(
  slot: number,
  sides: Node[],
  target: Node,
  { isWhole, holds, nodes, trouble }: Situation,
): Settlement | NextMoves {
  const nobody = `slot ${slot} has no master`;
  // What has not been said may be that somebody has it, or holds its keys.
  const isKnown = isWhole && sides.every(({ view }) => holds.has(view.id));
  if (sides.length < 2 || !isKnown) return { answer: 'wait', reason: isWhole ? nobody : `${nobody}: ${trouble}` };
  const holders = sides.filter(({ view }) => holds.get(view.id)!.has(slot));
  const [one, other] = sides.map(({ member }) => member.pod);
  if (holders.length > 1) {
    return {
      answer: 'refuse',
      reason: `${nobody}, and both ${one} and ${other} hold keys of it: compare them, delete them where they are older, and give the slot to the other (CLUSTER SETSLOT ${slot} NODE)`,
    };
  }
  const owner = holders[0] ?? target;
  const from = sides.find((node) => node !== owner)!;
  const hindrance = hindrances(nodes)(from, owner);
  return hindrance === undefined
    ? { slot, owner, at: owner, from }
    : { answer: 'wait', reason: `${nobody}: ${hindrance}` };
}

/** Answers with why nothing can go from the one to the other yet. Asked of thousands of slots, between few nodes. */
function hindrances(nodes: Node[]): (from: Node, to: Node) => string | undefined {
  const found = new Map<Node, Map<Node, string | undefined>>();
  return (from, to) => {
    const known = found.get(from) ?? new Map<Node, string | undefined>();
    found.set(from, known);
    if (!known.has(to)) known.set(to, hindranceOf(from, to, nodes));
    return known.get(to);
  };
}

function hindranceOf(from: Node, to: Node, nodes: Node[]): string | undefined {
  if ([from, to].some((node) => seenFailing(node, nodes))) return 'a node sees another as failing';
  const { epoch } = from.self;
  // Two masters with the same one: one of them is about to take a newer one by itself.
  const twin = nodes.find((node) => node !== from && node.self.master === undefined && node.self.epoch === epoch);
  if (twin) return `${from.member.pod} and ${twin.member.pod} have the same epoch, ${epoch}`;
  const heard = to.view.known.find(({ id }) => id === from.view.id)?.epoch ?? -1;
  return heard >= epoch ? undefined : `${to.member.pod} has not heard of the epoch ${epoch} of ${from.member.pod} yet`;
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

/** Its replica is about to replace it, and does not know what is on its way. */
function seenFailing(node: Node, nodes: Node[]): boolean {
  return nodes.some(({ view }) =>
    view.known.some(({ id, flags }) => id === node.view.id && (flags.includes('fail') || flags.includes('fail?'))),
  );
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
