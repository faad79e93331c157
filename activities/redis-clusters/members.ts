/** The cluster's pods as nodes of Redis, and the password to talk to them. */
import type { RedisClusterTopology } from '../../catalogue';
import { stuck, waits } from '../deployments/judgement';
import { failure } from '../failures';
import type { Kubernetes, Pod } from '../kubernetes/kubernetes';
import type { Member } from '../redis/cluster/view';
import { passwordKey, redisPort, selectorOf } from './manifests';

/** Those of its StatefulSet alone, by their names. */
export async function readPods(kubernetes: Kubernetes, cluster: RedisClusterTopology): Promise<Pod[]> {
  const pods = await kubernetes.readLabeledPods(selectorOf(cluster));
  return pods.filter(({ name }) => name === `${cluster.name}-${ordinalOf(name)}`).sort(byOrdinal);
}

/** Those with the first so many numbers. Throws NotVerified where a pod is missing, or has no address yet. */
export async function readMembers(
  kubernetes: Kubernetes,
  cluster: RedisClusterTopology,
  count: number,
): Promise<Member[]> {
  const pods = (await readPods(kubernetes, cluster)).filter(({ terminating }) => !terminating);
  const members = membersOf(pods).filter(({ ordinal }) => ordinal < count);
  if (members.length === count) return members;
  throw failure('NotVerified', `${members.length} of ${count} pods of ${cluster.name} have an address`);
}

/** Throws NotVerified until so many are Ready and no other is there; WorkloadFailing where one cannot start. */
export function assertRunning(pods: Pod[], count: number, { name }: RedisClusterTopology): string {
  const hopeless = stuck(pods);
  if (hopeless.length > 0) throw failure('WorkloadFailing', hopeless.join('; '));
  const open = pods.filter(({ ready, terminating }) => !ready || terminating);
  if (open.length > 0 || pods.length !== count) {
    const why = open.map((pod) => `${pod.name} is not Ready${waits(pod)}`).join('; ');
    throw failure('NotVerified', why || `${pods.length} of ${count} pods of ${name} are there`);
  }
  return `${pods.length} pods Ready on ${new Set(pods.map(({ node }) => node)).size} nodes`;
}

/** Those that have an address. */
export function membersOf(pods: Pod[]): Member[] {
  return pods.flatMap(({ name, address, node }): Member[] =>
    address === undefined
      ? []
      : [{ ordinal: ordinalOf(name)!, pod: name, host: address, port: redisPort, ...(node ? { node } : {}) }],
  );
}

/** Throws ConfigurationMissing where there is none. */
export async function readPassword(kubernetes: Kubernetes, { name }: RedisClusterTopology): Promise<string> {
  const { text } = await kubernetes.readSecret(name, passwordKey);
  if (text) return text;
  throw failure('ConfigurationMissing', `Secret ${name} has no ${passwordKey}: the nodes cannot be talked to`);
}

function ordinalOf(pod: string): number | undefined {
  const found = /-(\d+)$/.exec(pod)?.[1];
  return found === undefined ? undefined : Number(found);
}

function byOrdinal(one: Pod, other: Pod): number {
  return ordinalOf(one.name)! - ordinalOf(other.name)!;
}
