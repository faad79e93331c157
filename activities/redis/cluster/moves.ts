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
 * Only slots that the two layouts differ in are touched, and only where one of the two masters has them. Pure, table-tested.
 */
import type { Shard } from './balance';
import type { Node } from './nodes';
import { slotsOf } from './slots';

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
}

export type NextMoves =
  | { answer: 'done' }
  | { answer: 'wait'; reason: string }
  | { answer: 'drift'; reason: string }
  | { answer: 'act'; settle: Settlement[]; moves: Move[] };

export interface Situation {
  /** Those that answer. */
  nodes: Node[];
  /** Why there may be more, or not all is well: nothing new is begun. */
  trouble?: string;
  /** Node id → slots of which it holds keys, as far as that was asked. */
  holds: Map<string, Set<number>>;
}

/** `most`: of each master that gives slots away. */
export function nextMoves({ before, after }: SlotPlan, situation: Situation, most: number): NextMoves {
  const masters = before.map((shard) => masterOf(shard, situation.nodes));
  const missing = masters.findIndex((master) => master === undefined);
  if (missing >= 0) return { answer: 'wait', reason: `no node of ${before[missing]!.ids[0]!.slice(0, 8)} is a master` };
  const known = masters as Node[];
  const claims = known.map(({ self }) => new Set(slotsOf(self.slots)));
  const marks = marksOf(known);
  const was = holdersOf(before);
  const is = holdersOf(after);

  const settle: Settlement[] = [];
  const half: Move[] = [];
  const fresh: Move[] = [];
  for (const [slot, source] of was) {
    const target = is.get(slot)!;
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
      if (!taken) return { answer: 'wait', reason: `slot ${slot} has no master` };
      if (situation.trouble !== undefined) return { answer: 'wait', reason: situation.trouble };
      return { answer: 'drift', reason: `slot ${slot} is with ${taken.member.pod}, where nobody was to move it` };
    }
    const other = sides.find(({ index }) => index !== owner.index);
    const marked = marks.get(slot) ?? [];
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
  return chosen(settle, half, fresh, situation, most);
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
  const givers = new Map(half.map(({ to }) => [to, undefined as Node | undefined]));
  const isTurn = ({ from, to, half: isHalf }: Move) => {
    if (isHalf || to.self.slots.length > 0) return true;
    if (!givers.has(to)) givers.set(to, from);
    return givers.get(to) === from;
  };
  const counts = new Map<Node, number>();
  const moves = [...half, ...(trouble === undefined && settle.length === 0 ? fresh : [])].filter((move) => {
    const { from, to } = move;
    const count = counts.get(from) ?? 0;
    if (!isTurn(move) || count >= most || [from, to].some((node) => seenFailing(node, nodes))) return false;
    counts.set(from, count + 1);
    return true;
  });
  if (settle.length + moves.length > 0) return { answer: 'act', settle, moves };
  return { answer: 'wait', reason: trouble ?? 'a node sees another as failing' };
}

/** After a failover one of its replicas is; the former one may not have heard of it yet. */
function masterOf({ ids }: Shard, nodes: Node[]): Node | undefined {
  return nodes
    .filter(({ view, self }) => ids.includes(view.id) && self.master === undefined)
    .sort((one, other) => other.self.epoch - one.self.epoch)[0];
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

function marksOf(masters: Node[]): Map<number, { at: Node; way: 'in' | 'out' }[]> {
  const marks = new Map<number, { at: Node; way: 'in' | 'out' }[]>();
  for (const at of masters) {
    for (const mark of at.self.moving) {
      marks.set(mark.slot, [...(marks.get(mark.slot) ?? []), { at, way: 'to' in mark ? 'out' : 'in' }]);
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
