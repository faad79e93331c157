/** What the nodes of the first so many pods are together. */
import type { RedisClusterTopology } from '../../catalogue';
import { failure } from '../failures';
import type { Kubernetes } from '../kubernetes/kubernetes';
import { type ClusterNodes, withClusterNodes } from '../redis/cluster/client';
import { decide } from '../redis/cluster/convergence';
import { idsOf, type Node, nodeOf, owns } from '../redis/cluster/nodes';
import type { Seen } from '../redis/cluster/view';
import { readAll } from '../redis-clusters/formation';
import { readMembers, readPassword } from '../redis-clusters/members';

export interface Asked {
  kubernetes: Kubernetes;
  cluster: RedisClusterTopology;
}

/** Throws NotVerified where a pod is missing, or a node does not answer. */
export async function onNodes<T>(
  { kubernetes, cluster }: Asked,
  pods: number,
  use: (nodes: Node[], seen: Seen[], ask: ClusterNodes) => Promise<T> | T,
): Promise<T> {
  const [members, password] = await Promise.all([
    readMembers(kubernetes, cluster, pods),
    readPassword(kubernetes, cluster),
  ]);
  return withClusterNodes(password, async (ask) => {
    const seen = await readAll(ask, members);
    const silent = seen.find((one) => 'silent' in one);
    if (silent) throw failure('NotVerified', `${silent.member.pod} does not say what it sees: ${silent.silent}`);
    return use(nodesOf(seen), seen, ask);
  });
}

export function nodesOf(seen: Seen[]): Node[] {
  return seen.flatMap((one) => ('view' in one ? [nodeOf(one.member, one.view)] : []));
}

/** Those that belong together with the ones that have slots. */
export function joinedIn(nodes: Node[]): Node[] {
  const owner = nodes.find(owns);
  const known = new Set(owner?.view.known.filter(({ flags }) => !flags.includes('handshake')).map(({ id }) => id));
  return nodes.filter(({ view }) => known.has(view.id));
}

/**
 * Of the first so many; undefined where every one says that all is well. Masters may be without slots. Throws NotVerified where a node
 * is late, or they are busy with each other.
 */
export function shortcomingOf(seen: Seen[], replicasPerMaster: number): string | undefined {
  const decision = decide(seen, { replicasPerMaster, emptyMasters: true });
  switch (decision.answer) {
    case 'formed':
      return undefined;
    case 'wait':
      throw failure('NotVerified', decision.reason);
    case 'act':
      return `${decision.actions.length} actions are missing to make it one good cluster`;
    case 'refuse':
      return decision.reason;
  }
}

/** One that some of these know, and that is none of them. */
export function strangerIn(nodes: Node[]): string | undefined {
  const ids = idsOf(nodes);
  for (const { member, view } of nodes) {
    const other = view.known.find(({ id }) => !ids.has(id));
    if (other)
      return `${member.pod} knows ${other.host}:${other.port}, which is none of the first ${nodes.length} pods`;
  }
  return undefined;
}
