/**
 * What is missing to make one good cluster of these nodes, from what each of them sees. Asked again after every action, so
 * that it does not matter who began, and where that ended.
 *
 * 1. A node that does not say is waited for: its slots would look free.
 * 2. Refused, and nothing is touched, where keys or slots could be lost, or where somebody else is at work (refusals.ts).
 * 3. Nodes that do not know each other, or by an old address: MEET.
 * 4. Slots that nobody claims: ADDSLOTSRANGE, to the masters that have some and to as many empty nodes as masters lack.
 * 5. A node without slots that follows no master with slots, and one too many behind one master while another lacks it:
 *    REPLICATE. Redis itself does that to no master that has keys or slots.
 * 6. Otherwise gossip is under way, or all is well.
 *
 * What a node claims is what it says of itself; where two that know each other claim the same slot, Redis' own rule settles
 * it, the newer epoch. Nothing is ever flushed, reset, forgotten or moved. Pure, table-tested.
 */
import { mastersFor, newClaims, type Shape } from './layout';
import { followersOf, idsOf, knows, type Node, nodeOf, overlaps, owns, placeOf, unclaimed } from './nodes';
import { match } from './placement';
import { type Refusal, refusals } from './refusals';
import type { SlotRange } from './slots';
import type { Member, Seen } from './view';

export type Action =
  | { kind: 'meet'; at: Member; other: Member }
  | { kind: 'addSlots'; at: Member; slots: SlotRange[] }
  | { kind: 'replicate'; at: Member; master: string };

export type Decision =
  | { answer: 'formed' }
  | { answer: 'act'; actions: Action[] }
  | { answer: 'wait'; reason: string }
  | ({ answer: 'refuse' } & Refusal);

export function decide(seen: Seen[], shape: Shape): Decision {
  const silent = seen.find((one) => 'silent' in one);
  if (silent) return { answer: 'wait', reason: `${silent.member.pod} does not say what it sees: ${silent.silent}` };
  const nodes = seen.flatMap((one) => ('view' in one ? [nodeOf(one.member, one.view)] : []));
  const [refusal] = refusals(nodes, shape);
  if (refusal) return { answer: 'refuse', ...refusal };
  const pending = strangers(nodes);
  if (pending !== undefined) return { answer: 'wait', reason: pending };

  const actions = [...meetings(nodes), ...assignments(nodes, shape)];
  if (actions.length > 0) return { answer: 'act', actions };
  const reason = shortcoming(nodes, shape);
  return reason === undefined ? { answer: 'formed' } : { answer: 'wait', reason };
}

/** Some that have never met would be joined, or slots be given: no way leads back. Otherwise they only find each other again. */
export function joins(actions: Action[], seen: Seen[]): boolean {
  const views = seen.flatMap((one) => ('view' in one ? [one.view] : []));
  const haveMet = views.every(({ known }) => views.every(({ id }) => known.some((node) => node.id === id)));
  return !haveMet || actions.some(({ kind }) => kind === 'addSlots');
}

/** Somebody whom a node asks, or no longer reaches: who that is, is not known yet. */
function strangers(nodes: Node[]): string | undefined {
  const ids = idsOf(nodes);
  const here = new Set(nodes.map(({ member: { host, port } }) => `${host}:${port}`));
  for (const { member, view } of nodes) {
    const unknown = view.known.find(({ id, host, port, flags }) => {
      if (ids.has(id) || flags.includes('fail') || flags.includes('noaddr')) return false;
      return !(flags.includes('handshake') && here.has(`${host}:${port}`));
    });
    if (unknown) return `${member.pod} is looking for ${unknown.host}:${unknown.port}`;
  }
  return undefined;
}

/** Every pair at once: gossip alone would take a second more for each hop. */
function meetings(nodes: Node[]): Action[] {
  return nodes.flatMap((one, index) =>
    nodes.slice(index + 1).flatMap((other): Action[] => {
      if (knows(one, other) && knows(other, one)) return [];
      const [at, to] = knows(one, other) ? [other, one] : [one, other];
      const underWay = at.view.known.some(
        ({ flags, host, port }) => flags.includes('handshake') && host === to.member.host && port === to.member.port,
      );
      return underWay ? [] : [{ kind: 'meet', at: at.member, other: to.member }];
    }),
  );
}

function assignments(nodes: Node[], shape: Shape): Action[] {
  // Which of two claims holds is not known yet.
  if (overlaps(nodes).length > 0) return [];
  const claims = newClaims(nodes, mastersFor(nodes, shape.replicasPerMaster));
  return claims.length > 0
    ? claims.map(({ master, slots }) => ({ kind: 'addSlots', at: master.member, slots }))
    : followings(nodes, shape);
}

/** The masters that are to be followed. */
function leaders(nodes: Node[], { replicasPerMaster, emptyMasters }: Shape): Node[] {
  return emptyMasters ? mastersFor(nodes, replicasPerMaster) : nodes.filter(owns);
}

function followings(nodes: Node[], shape: Shape): Action[] {
  const { replicasPerMaster } = shape;
  const owners = leaders(nodes, shape);
  // Those that have a whole copy stay where they are.
  const inSync = (one: Node, other: Node) => Number(other.view.linkUp) - Number(one.view.linkUp);
  const followers = new Map(owners.map((owner) => [owner, followersOf(owner, nodes).sort(inSync)]));
  const orphaned = owners.filter((owner) => followers.get(owner)!.length < replicasPerMaster);
  const free = nodes.filter(
    (node) => !owners.includes(node) && !owners.some((owner) => node.self.master === owner.view.id),
  );
  const lacking = orphaned.reduce((sum, owner) => sum + replicasPerMaster - followers.get(owner)!.length, 0);
  const surplus = owners.flatMap((owner) => followers.get(owner)!.slice(replicasPerMaster));
  const movable = [...free, ...surplus.slice(0, Math.max(0, lacking - free.length))];
  const masters = match(
    movable.map(placeOf),
    owners.map((owner) => ({ ...placeOf(owner), room: replicasPerMaster - followers.get(owner)!.length })),
  );
  return movable.flatMap((node): Action[] => {
    const master = owners.find(({ view }) => view.id === masters.get(node.view.id));
    // One that it does not know yet it cannot follow.
    return master && knows(node, master) ? [{ kind: 'replicate', at: node.member, master: master.view.id }] : [];
  });
}

/** What keeps it from being a good cluster; undefined where nothing does. */
export function shortcoming(nodes: Node[], shape: Shape): string | undefined {
  const { replicasPerMaster } = shape;
  const owners = leaders(nodes, shape);
  const [twice] = overlaps(nodes);
  const found = [
    unclaimed(nodes).length > 0 && `${unclaimed(nodes).length} slots have no master`,
    twice && `${twice[0].member.pod} and ${twice[1].member.pod} claim the same slots`,
    ...nodes.map((node) => node.view.state !== 'ok' && `cluster_state of ${node.member.pod} is ${node.view.state}`),
    ...nodes.flatMap((node) => nodes.map((other) => misunderstanding(node, other))),
    ...nodes.map(
      (node) =>
        !owners.includes(node) &&
        !owners.some(({ view }) => view.id === node.self.master) &&
        `${node.member.pod} neither has slots nor follows a master`,
    ),
    ...nodes.map(
      (node) =>
        node.self.master !== undefined && !node.view.linkUp && `master_link_status of ${node.member.pod} is down`,
    ),
    ...owners.map(
      (owner) =>
        followersOf(owner, nodes).length < replicasPerMaster &&
        `${owner.member.pod} has ${followersOf(owner, nodes).length} of ${replicasPerMaster} replicas`,
    ),
  ];
  return found.find((sentence) => typeof sentence === 'string');
}

function misunderstanding(node: Node, other: Node): string | undefined {
  const known = node.view.known.find(({ id }) => id === other.view.id);
  if (!known || !knows(node, other)) return `${node.member.pod} does not know ${other.member.pod}`;
  const bad = known.flags.find((flag) => ['fail', 'fail?', 'handshake', 'noaddr'].includes(flag));
  if (bad !== undefined) return `${node.member.pod} sees ${other.member.pod} as ${bad}`;
  if (!known.connected && node !== other) return `${node.member.pod} is not connected with ${other.member.pod}`;
  const same = JSON.stringify(known.slots) === JSON.stringify(other.self.slots) && known.master === other.self.master;
  return same ? undefined : `${node.member.pod} does not know yet what ${other.member.pod} is`;
}
