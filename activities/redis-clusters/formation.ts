/** What the nodes are together, asked of every one; and what applications would see of it. */
import { ApplicationFailure } from '@temporalio/common';
import type { RedisClusterTopology } from '../../catalogue';
import { failure } from '../failures';
import type { Kubernetes } from '../kubernetes/kubernetes';
import { type ClusterNodes, withClusterNodes } from '../redis/cluster/client';
import { decide, joins } from '../redis/cluster/convergence';
import { forSeconds, passesByItself, patienceMs, patiently } from '../redis/cluster/patience';
import type { Member, Seen } from '../redis/cluster/view';
import type { FormationFacts, RedisClusterSettings } from './contract';
import { readMembers, readPassword, readPods } from './members';

/** Late nodes, and what they are busy with among themselves, are waited for: beyond `patienceMs` that is what is missing. */
export async function readFormation(
  kubernetes: Kubernetes,
  cluster: RedisClusterTopology,
  settings: RedisClusterSettings,
): Promise<FormationFacts> {
  return patiently(() => formationNow(kubernetes, cluster, settings)).catch((error: unknown) => {
    if (!passesByItself(error)) throw error;
    return unformed(`${forSeconds(patienceMs)}: ${error.message}`);
  });
}

/** Throws NotVerified where a pod has no address, a node is late, or they are busy with each other. */
export async function formationNow(
  kubernetes: Kubernetes,
  cluster: RedisClusterTopology,
  settings: RedisClusterSettings,
): Promise<FormationFacts> {
  const pods = await readPods(kubernetes, cluster);
  if (pods.length === 0) return { state: 'absent', joins: false, keys: 0 };
  const [members, password] = await Promise.all([
    readMembers(kubernetes, cluster, settings.nodes),
    readPassword(kubernetes, cluster),
  ]).catch((error: Error): [string, string] => {
    // An API server that does not answer says nothing of the nodes.
    if (passesByItself(error) || !(error instanceof ApplicationFailure || kubernetes.isAbsent(error))) throw error;
    return [error.message, ''];
  });
  if (typeof members === 'string') return unformed(members);
  return withClusterNodes(password, async (nodes) => judge(await readAll(nodes, members), settings));
}

function unformed(missing: string): FormationFacts {
  return { state: 'unformed', missing, joins: false, keys: 0 };
}

export function readAll(nodes: ClusterNodes, members: Member[]): Promise<Seen[]> {
  return Promise.all(members.map((member) => nodes.read(member)));
}

/** Throws NotVerified where nodes are busy by themselves, or late. */
export function judge(
  seen: Seen[],
  { replicasPerMaster }: Pick<RedisClusterSettings, 'replicasPerMaster'>,
): FormationFacts {
  const decision = decide(seen, { replicasPerMaster });
  const keys = seen.reduce((sum, one) => sum + ('view' in one ? one.view.keys : 0), 0);
  switch (decision.answer) {
    case 'formed':
      return { state: 'formed', joins: false, keys };
    case 'refuse':
      return { state: 'unformed', refusal: `${decision.code}: ${decision.reason}`, joins: false, keys };
    case 'wait':
      throw failure('NotVerified', decision.reason);
    case 'act': {
      const { actions } = decision;
      return { state: 'unformed', missing: `${actions.length} actions`, joins: joins(actions, seen), keys };
    }
  }
}

/** As evidence has it. */
export function replicasInSync(perMaster: number): string {
  return `${perMaster} replica${perMaster === 1 ? '' : 's'} of each master in sync`;
}
