/** What preflight reads: the cluster as every node sees it, where its slots are to go, the memory there, the room for more pods. */
import { quantity } from '../../catalogue';
import { controllerOf } from '../deployments/controller';
import { isManaged } from '../kubernetes/managed';
import type { KnownObject, Resources } from '../kubernetes/kubernetes';
import { movedBetween } from '../redis/cluster/balance';
import type { ClusterNodes } from '../redis/cluster/client';
import { differingFunctions } from '../redis/cluster/functions';
import { idsOf, type Node, owns } from '../redis/cluster/nodes';
import { forSeconds, passesByItself, patienceMs, patiently } from '../redis/cluster/patience';
import type { Seen } from '../redis/cluster/view';
import { readingOf } from '../redis/info';
import { knownCluster, type RedisClusterDependencies } from '../redis-clusters/dependencies';
import { podLabels, selectorOf } from '../redis-clusters/manifests';
import { joinedIn, onNodes, shortcomingOf } from './cluster';
import type { ReshardFacts, ReshardMemory } from './contract';
import { comingBytes, placedShards, showLayout, targetOf } from './layout';

const listMax = 100;

type Cluster = Pick<
  ReshardFacts,
  | 'obstacle'
  | 'replicasPerMaster'
  | 'masters'
  | 'joined'
  | 'mastersThatStay'
  | 'dissolved'
  | 'layout'
  | 'wanted'
  | 'slotsToMove'
  | 'keys'
  | 'memory'
>;

export async function inspectRedisReshard(masters: number, use: RedisClusterDependencies): Promise<ReshardFacts> {
  const kubernetes = use.kubernetes();
  const cluster = knownCluster(use);
  const { name } = cluster;
  const found = await kubernetes.findObject('StatefulSet', name);
  const pods = found && replicasOf(found);
  const [inRedis, selecting, claims, nodes, quotas] = await Promise.all([
    pods === undefined
      ? nothing('there is none')
      : inspected(() =>
          onNodes({ kubernetes, cluster }, pods, (all, seen, ask) => inspectNodes(masters, all, seen, ask)),
        ),
    kubernetes.selecting(podLabels(cluster)),
    kubernetes.readClaims(selectorOf(cluster)),
    kubernetes.readNodes(),
    kubernetes.readQuotas(),
  ]);
  const controller = found && controllerOf(found, { whole: true });
  return {
    ...{ namespace: kubernetes.namespace, name, ...inRedis, isOurs: found !== undefined && isManaged(found) },
    ...(pods === undefined ? {} : { pods }),
    ...(controller ? { controller } : {}),
    selecting: selecting.filter((one) => ![`Service ${name}`, `PodDisruptionBudget ${name}`].includes(one)),
    claims: claims
      .map((claim) => claim.name)
      .filter((claim) => numberOf(claim) >= (pods ?? 0))
      .slice(0, listMax),
    requests: resourcesIn(found, 'requests'),
    limits: resourcesIn(found, 'limits'),
    nodes: nodes
      .filter(({ schedulable }) => schedulable)
      .slice(0, listMax)
      .map(({ name: node, free }) => ({ name: node, free })),
    quotas: quotas.slice(0, listMax),
  };
}

export function replicasOf({ content }: Pick<KnownObject, 'content'>): number {
  return Number(content['replicas'] ?? 1);
}

export function numberOf(claim: string): number {
  return Number(/-(\d+)$/.exec(claim)?.[1] ?? NaN);
}

/** A pod or a node that is late, or that others doubt, is an obstacle only beyond the limit. */
function inspected(inspect: () => Promise<Cluster>): Promise<Cluster> {
  return patiently(inspect).catch((error: unknown) => {
    if (!passesByItself(error)) throw error;
    return nothing(`${forSeconds(patienceMs)}: ${error.message}`);
  });
}

function nothing(obstacle: string): Cluster {
  return {
    ...{ obstacle, replicasPerMaster: 0, masters: 0, joined: 0, keys: 0, slotsToMove: 0, memory: [] },
    ...{ layout: 'unknown', wanted: 'unknown' },
  };
}

async function inspectNodes(masters: number, all: Node[], seen: Seen[], ask: ClusterNodes): Promise<Cluster> {
  const joined = joinedIn(all);
  const shards = placedShards(joined);
  const replicasPerMaster = joined.length / Math.max(1, shards.length) - 1;
  const known = { replicasPerMaster, masters: shards.length, joined: joined.length };
  const obstacle = await obstacleOf(joined, all, seen, ask, known);
  if (obstacle !== undefined) return { ...nothing(obstacle), ...known };
  const stayingPods = masters * (replicasPerMaster + 1);
  const { before, after, staying } = targetOf(shards, masters, stayingPods);
  const keys = joined.reduce((sum, { view, self }) => sum + (self.master === undefined ? view.keys : 0), 0);
  const layout = showLayout(shards);
  if (!after) {
    return { ...known, layout, wanted: layout, keys, slotsToMove: 0, memory: [], mastersThatStay: staying };
  }
  const readings = await Promise.all(
    before.map(async ({ ids }) => {
      const master = joined.find(({ view }) => view.id === ids[0]);
      return master
        ? { pod: master.member.pod, ...readingOf(String(await ask.ask(master.member, ['INFO']))) }
        : undefined;
    }),
  );
  const coming = comingBytes(
    before,
    after,
    readings.map((reading) => reading?.usedMemoryBytes ?? 0),
  );
  const empty = new Set(after.flatMap(({ ids, slots }) => (slots.length === 0 ? ids : [])));
  const dissolved = joined.filter(({ view, member }) => empty.has(view.id) && member.ordinal < stayingPods);
  return {
    ...{ ...known, layout, wanted: showLayout(after), keys, slotsToMove: movedBetween(before, after) },
    ...(dissolved.length === 0 ? {} : { dissolved: dissolved.map(({ member }) => member.pod) }),
    memory: coming.flatMap((comingTo, index): ReshardMemory[] => {
      const {
        pod = 'a new pod',
        usedMemoryBytes = 0,
        maxMemoryBytes = readings[0]!.maxMemoryBytes,
      } = readings[index] ?? {};
      return comingTo === 0
        ? []
        : [{ pod, usedBytes: usedMemoryBytes, maxBytes: maxMemoryBytes, comingBytes: Math.round(comingTo) }];
    }),
  };
}

async function obstacleOf(
  joined: Node[],
  all: Node[],
  seen: Seen[],
  ask: ClusterNodes,
  { replicasPerMaster, masters }: Pick<Cluster, 'replicasPerMaster' | 'masters'>,
): Promise<string | undefined> {
  if (joined.length === 0) return 'no node has slots';
  if (!Number.isInteger(replicasPerMaster))
    return `${joined.length} nodes are no ${masters} masters with as many replicas each`;
  if (joined.some(({ member }) => member.ordinal >= joined.length))
    return 'its nodes are not the pods with the lowest numbers';
  const first = seen.filter(({ member }) => member.ordinal < joined.length);
  const missing = shortcomingOf(first, replicasPerMaster);
  if (missing !== undefined) return missing;
  const ghost = ghostIn(all);
  if (ghost !== undefined) return ghost;
  for (const { member } of all) {
    // A map, or a list of names and values, by the version of the protocol.
    const value: unknown = Object.values((await ask.ask(member, ['CONFIG', 'GET', setting])) as object).at(-1);
    if (value !== 'no')
      return `${setting} of ${member.pod} is ${String(value)}: Redis would make a master without slots a replica`;
  }
  return differingFunctions(ask, joined.filter(owns));
}

const setting = 'cluster-allow-replica-migration';

/** A node that was, and is no pod any more: it would be found where nodes are to know each other alone, half-way. */
function ghostIn(all: Node[]): string | undefined {
  const ids = idsOf(all);
  for (const { member, view } of all) {
    const ghost = view.known.find(({ id, flags }) => !ids.has(id) && !flags.includes('handshake'));
    if (ghost)
      return `${member.pod} knows node ${ghost.id} (${ghost.host}:${ghost.port}), which is none of the pods: CLUSTER FORGET it at every node`;
  }
  return undefined;
}

/** Of one pod, by the template. */
function resourcesIn(found: KnownObject | undefined, kind: 'requests' | 'limits'): Resources {
  const template = found?.content['template'] as
    { spec?: { containers?: { resources?: Partial<Record<typeof kind, Record<string, string>>> }[] } } | undefined;
  const { cpu = '0', memory = '0' } = template?.spec?.containers?.[0]?.resources?.[kind] ?? {};
  return { cpuMillis: Math.round(quantity(cpu) * 1000), memoryBytes: quantity(memory) };
}
