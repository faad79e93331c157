/** Questions about nodes that were all read. Pure. */
import type { Shard } from './balance';
import type { Place } from './placement';
import { share, slotCount } from './slots';
import type { KnownNode, Member, NodeView } from './view';

export interface Node {
  member: Member;
  view: NodeView;
  /** What it says of itself. */
  self: KnownNode;
}

export function nodeOf(member: Member, view: NodeView): Node {
  return { member, view, self: view.known.find(({ id }) => id === view.id)! };
}

/** A master with slots. */
export function owns({ self }: Node): boolean {
  return self.master === undefined && self.slots.length > 0;
}

export function idsOf(nodes: Node[]): Set<string> {
  return new Set(nodes.map(({ view }) => view.id));
}

/** By its id and present address. */
export function knows(one: Node, other: Node): boolean {
  if (one === other) return true;
  const { host, port } = other.member;
  return one.view.known.some(
    (known) =>
      known.id === other.view.id && known.host === host && known.port === port && !known.flags.includes('handshake'),
  );
}

/** They were in one cluster, under whatever address. */
export function related(one: Node, other: Node): boolean {
  return [
    [one, other],
    [other, one],
  ].some(([a, b]) => a!.view.known.some(({ id, flags }) => id === b!.view.id && !flags.includes('handshake')));
}

/** Masters with their replicas, in the order of the nodes. */
export function shardsIn(nodes: Node[]): Shard[] {
  return nodes
    .filter(({ self }) => self.master === undefined)
    .map((master) => ({
      ids: [master, ...followersOf(master, nodes)].map(({ view }) => view.id),
      slots: master.self.slots,
    }));
}

export function followersOf(master: Node, nodes: Node[]): Node[] {
  return nodes.filter(({ self }) => self.master === master.view.id);
}

/** In ascending order. */
export function unclaimed(nodes: Node[]): number[] {
  const taken = new Uint8Array(slotCount);
  for (const { self } of nodes) for (const [first, last] of self.slots) taken.fill(1, first, last + 1);
  return Array.from(taken.keys()).filter((slot) => taken[slot] === 0);
}

/** Pairs that claim the same slot. */
export function overlaps(nodes: Node[]): [Node, Node][] {
  const claimants = nodes.filter(owns);
  return claimants.flatMap((one, index) =>
    claimants
      .slice(index + 1)
      .filter((other) => share(one.self.slots, other.self.slots))
      .map((other): [Node, Node] => [one, other]),
  );
}

export function placeOf({ view, member }: Node): Place {
  return { id: view.id, ...(member.node === undefined ? {} : { node: member.node }) };
}
