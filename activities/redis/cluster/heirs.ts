/**
 * Who is to have a slot that nobody has and that no mark leads to: a command of somebody dead that arrived late has left it. Whoever
 * holds its keys; or who is to have it, unless that one is without slots, and so perhaps without functions. Pure, table-tested
 * through moves.ts.
 */
import { followersOf, type Node } from './nodes';
import type { NextMoves, Settlement, Situation } from './situation';

/** `sides`: the masters of the two shards that may have it, the one that is to have it last. */
export function heirOf(slot: number, sides: Node[], situation: Situation): Settlement | NextMoves {
  const { isWhole, holds, nodes, trouble, unowned } = situation;
  const nobody = `slot ${slot} has no master`;
  // What has not been said may be that somebody has it, or holds its keys.
  const followers = sides.flatMap((side) => followersOf(side, nodes));
  const isKnown = isWhole && unowned.has(slot) && [...sides, ...followers].every(({ view }) => holds.has(view.id));
  if (sides.length < 2 || !isKnown) return { answer: 'wait', reason: trouble ? `${nobody}: ${trouble}` : nobody };
  const hasKeys = ({ view }: Node) => holds.get(view.id)?.has(slot) ?? false;
  const holders = sides.filter(hasKeys);
  if (holders.length > 1) {
    const [one, another] = sides.map(({ member, view }) => `${member.pod} (${view.id})`);
    return {
      answer: 'refuse',
      reason: `${nobody}, and both ${one} and ${another} hold keys of it: at the one whose keys are to stay, CLUSTER SETSLOT ${slot} IMPORTING with the id of the other, then CLUSTER SETSLOT ${slot} NODE with its own, then retry: they replace those of the same name at the other`,
    };
  }
  // A master that lost a slot deleted its keys; its replicas, up to Redis 7.0, did not.
  const replica = followers.find((node) => hasKeys(node) && !holders.some(({ view }) => view.id === node.self.master));
  if (replica) {
    const { pod } = replica.member;
    if (!replica.view.linkUp) return { answer: 'wait', reason: `${nobody}, and ${pod} is not in sync with its master` };
    // Where its master is without slots Redis holds no election.
    const isElected = sides.some(({ view, self }) => view.id === replica.self.master && self.slots.length > 0);
    return {
      answer: 'refuse',
      reason: `${nobody}, and ${pod}, a replica, holds keys of it that its master does not: make it the master (CLUSTER FAILOVER${isElected ? '' : ' TAKEOVER'} there), then retry`,
    };
  }
  const [other, target] = sides as [Node, Node];
  const owner = holders[0] ?? (target.self.slots.length > 0 ? target : other);
  return { slot, owner, at: owner, from: owner === target ? other : target };
}
