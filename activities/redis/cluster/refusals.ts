/** Why nodes are not made into a cluster: keys or slots could be lost, or somebody else is at work. Pure, table-tested. */
import { runningOf } from './native';
import { mastersFor, mastersWanted, newClaims, type Shape } from './layout';
import { idsOf, type Node, overlaps, owns, related, unclaimed } from './nodes';
import { rangesOf, showRanges, slotsOf } from './slots';

export type RefusalCode =
  | 'ClusterModeOff'
  | 'SlotsMoving'
  | 'NodesOfAnotherCluster'
  | 'SlotsOfAbsentNode'
  | 'ForeignKeys'
  | 'SplitConfiguration'
  | 'MastersDiffer';

export interface Refusal {
  code: RefusalCode;
  reason: string;
}

export function refusals(nodes: Node[], shape: Shape): Refusal[] {
  return [
    ...nodes.flatMap((node) => refusalsOf(node, nodes)),
    ...absentOwners(nodes),
    ...splits(nodes),
    ...mastersDiffer(nodes, shape),
  ];
}

function refusalsOf(node: Node, nodes: Node[]): Refusal[] {
  const { view, self } = node;
  const { pod } = node.member;
  const ids = idsOf(nodes);
  const [running] = runningOf(node);
  const stranger = view.known.find(({ id, flags, connected }) => {
    const gone = ['handshake', 'fail', 'fail?', 'noaddr'].some((flag) => flags.includes(flag));
    return !ids.has(id) && connected && !gone;
  });
  const found: (Refusal | false)[] = [
    !view.clusterEnabled && { code: 'ClusterModeOff', reason: `${pod} runs without cluster mode` },
    self.moving.length > 0 && {
      code: 'SlotsMoving',
      reason: `${pod} is moving slot ${self.moving[0]!.slot}: retry the run that began it (redis-cli --cluster fix may delete keys)`,
    },
    running !== undefined && {
      code: 'SlotsMoving',
      reason: `${pod} is moving slots ${showRanges(running.slots)} by itself: let it finish, or call it off (CLUSTER CANCELSLOTMIGRATIONS)`,
    },
    stranger !== undefined && {
      code: 'NodesOfAnotherCluster',
      reason: `${pod} belongs together with ${stranger.host}:${stranger.port}, which is none of these pods`,
    },
    view.keys > 0 &&
      !ownKeys(node, nodes) && {
        code: 'ForeignKeys',
        reason: `${pod} holds ${view.keys} keys, and neither has slots nor follows a pod that has`,
      },
  ];
  return found.filter((one) => one !== false);
}

/** A replica's keys are a copy where its master is here and has slots. */
function ownKeys(node: Node, nodes: Node[]): boolean {
  return owns(node) || nodes.some((other) => owns(other) && other.view.id === node.self.master);
}

/** A node that is gone is said to have slots that none of these claims: its keys are elsewhere, or lost. */
function absentOwners(nodes: Node[]): Refusal[] {
  const ids = idsOf(nodes);
  const free = new Set(unclaimed(nodes));
  for (const node of nodes) {
    for (const known of node.view.known.filter(({ id }) => !ids.has(id))) {
      const lost = slotsOf(known.slots).filter((slot) => free.has(slot));
      if (lost.length === 0) continue;
      const reason = `slots ${showRanges(rangesOf(lost))} belong to ${known.id.slice(0, 8)} (${known.host}:${known.port}), which ${node.member.pod} knows and which is none of these pods`;
      return [{ code: 'SlotsOfAbsentNode', reason }];
    }
  }
  return [];
}

/** Where the two were in one cluster, the older claim gives way; where they never were, that would be a matter of chance. */
function splits(nodes: Node[]): Refusal[] {
  return overlaps(nodes)
    .filter(([one, other]) => !related(one, other))
    .map(([one, other]) => ({
      code: 'SplitConfiguration',
      reason: `${one.member.pod} and ${other.member.pod} claim the same slots and have never met`,
    }));
}

/** Slots are never moved here, so the masters that have them must be as many as are wanted, or leave some to others. */
function mastersDiffer(nodes: Node[], { replicasPerMaster, emptyMasters }: Shape): Refusal[] {
  if (overlaps(nodes).length > 0) return [];
  const wanted = mastersWanted(nodes, replicasPerMaster);
  const owners = nodes.filter(owns).length;
  const masters = mastersFor(nodes, replicasPerMaster);
  const claims = newClaims(nodes, masters);
  const after = masters.filter(
    (one) => emptyMasters || owns(one) || claims.some(({ master }) => master === one),
  ).length;
  if (after === wanted) return [];
  if (emptyMasters) {
    const reason = `${after} nodes are masters or free to be one, and ${wanted} of ${nodes.length} are to be: what follows another, by what is on its volume, does not become one`;
    return [{ code: 'MastersDiffer', reason }];
  }
  const reason = `${owners} nodes have slots, and ${wanted} of ${nodes.length} nodes are to be masters with ${replicasPerMaster} replicas each: moving slots is not this runbook's`;
  return [{ code: 'MastersDiffer', reason }];
}
