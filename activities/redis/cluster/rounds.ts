/**
 * What of all that is to be done with slots may be done in one round. Pure, table-tested through moves.ts.
 *
 * Whoever gets a slot claims it by a new epoch, and only then its giver is told to let go. A giver that has a newer epoch by then, because it has
 * got slots itself, is believed instead: the getter deletes its keys of the slot, and when the giver has let go, nobody has it (Redis 7.0,
 * cluster.c: clusterUpdateSlotsConfigWith). So:
 *
 * 1. Who has claimed is followed by who is to let go, before anybody claims anything else.
 * 2. Then who is to claim what nobody else has, and has heard of every master's epoch.
 * 3. Then slots move: a master gives them or gets them. What is half moved comes first.
 *
 * Who gets a slot has heard of every giver's present epoch, so that its own is newer; and no giver shares its epoch with another, because one of
 * the two will take a newer one by itself. (Getters may come to share one: what they give away is not in question then.)
 */
import type { Node } from './nodes';
import type { Move, NextMoves, Settlement, Situation } from './situation';

export interface Wanted {
  settle: Settlement[];
  half: Move[];
  /** Nothing of it is on its way. */
  fresh: Move[];
  /** Givers and getters of slots that servers move by themselves. */
  busy: { givers: Node[]; getters: Node[] };
  /** Said of a slot that nobody has: what is half moved goes on, nothing else is begun. */
  blocked: NextMoves | undefined;
}

/** `most`: of each master that gives slots away. */
export function roundOf(wanted: Wanted, { nodes, trouble }: Situation, most: number): NextMoves {
  const { settle, half, fresh, blocked } = wanted;
  const lettingGo = settle.filter(({ at, owner }) => at !== owner);
  if (lettingGo.length > 0) return { answer: 'act', settle: lettingGo, moves: [] };

  let hindrance: string | undefined;
  const isFree = (found: string | undefined) => {
    hindrance ??= found;
    return found === undefined;
  };
  const claims = settle.filter(({ owner }) => isFree(failingIn([owner], nodes) ?? unheardBy(owner, nodes)));
  if (claims.length > 0) return { answer: 'act', settle: claims, moves: [] };

  const isBegun = trouble === undefined && blocked === undefined && settle.length === 0;
  const candidates = [...half, ...(isBegun ? fresh : [])];
  const givers = [...new Set(candidates.map(({ from }) => from))];
  const cannotGive = remembered((from) => failingIn([from], nodes) ?? twinOf(from, nodes));
  const cannotGet = remembered((to) => failingIn([to], nodes) ?? unheardBy(to, givers));
  const roles = new Roles(wanted);
  const moves = candidates.filter(
    (move) => roles.take(move, most) && isFree(cannotGive(move.from) ?? cannotGet(move.to)),
  );
  if (moves.length > 0) return { answer: 'act', settle: [], moves };
  if (blocked && settle.length + half.length === 0) return blocked;
  if (settle.length + half.length + fresh.length === 0 && trouble === undefined) return { answer: 'done' };
  return { answer: 'wait', reason: trouble ?? hindrance ?? 'servers are moving slots by themselves' };
}

/** Also who is hindered has its role: a late command of somebody dead may give it what it waits for. */
class Roles {
  private readonly counts = new Map<Node, number>();
  private readonly getters: Set<Node>;
  /** Of those without slots. */
  private readonly firstGivers: Map<Node, Node | undefined>;

  constructor({ half, settle, busy }: Wanted) {
    for (const giver of busy.givers) this.counts.set(giver, 0);
    this.getters = new Set([...busy.getters, ...settle.map(({ owner }) => owner)]);
    this.firstGivers = new Map(half.map(({ to }) => [to, undefined]));
  }

  take({ from, to, half }: Move, most: number): boolean {
    const count = this.counts.get(from) ?? 0;
    if (count >= most || this.getters.has(from) || this.counts.has(to)) return false;
    if (!half && to.self.slots.length === 0) {
      if (!this.firstGivers.has(to)) this.firstGivers.set(to, from);
      if (this.firstGivers.get(to) !== from) return false;
    }
    this.counts.set(from, count + 1);
    this.getters.add(to);
    return true;
  }
}

/** Why one of them must be left alone: its replica is about to replace it, and does not know what is on its way. */
export function failingIn(some: Node[], nodes: Node[]): string | undefined {
  const isFailing = (node: Node) =>
    nodes.some(({ view }) =>
      view.known.some(({ id, flags }) => id === node.view.id && (flags.includes('fail') || flags.includes('fail?'))),
    );
  return some.some(isFailing) ? 'a node sees another as failing' : undefined;
}

/** A master that does not know the other, or that the other does not know, has no say in what it believes. */
function twinOf(giver: Node, nodes: Node[]): string | undefined {
  const { epoch } = giver.self;
  const twin = mastersBeside(giver, nodes).find(({ self }) => self.epoch === epoch);
  return twin && `${giver.member.pod} and ${twin.member.pod} have the same epoch, ${epoch}`;
}

function unheardBy(claimer: Node, others: Node[]): string | undefined {
  const epochs = new Map(claimer.view.known.map(({ id, epoch }) => [id, epoch]));
  const other = mastersBeside(claimer, others).find(({ view, self }) => epochs.get(view.id)! < self.epoch);
  return other && `${claimer.member.pod} has not heard of the epoch ${other.self.epoch} of ${other.member.pod} yet`;
}

function mastersBeside(node: Node, nodes: Node[]): Node[] {
  const known = new Set(node.view.known.map(({ id }) => id));
  return nodes.filter(({ view, self }) => view.id !== node.view.id && self.master === undefined && known.has(view.id));
}

/** It is asked for thousands of slots, of few nodes. */
function remembered(ask: (node: Node) => string | undefined): typeof ask {
  const answers = new Map<Node, string | undefined>();
  return (node) => {
    if (!answers.has(node)) answers.set(node, ask(node));
    return answers.get(node);
  };
}
