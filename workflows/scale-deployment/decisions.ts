/** What a wanted number of pods means: who is told, what, and in which order. Pure, table-tested. */
import type { Bounds, DeploymentFacts, PoolConsumer } from '../../activities/deployments/contract';
import type { DeploymentTopology, ScaleDeploymentInput } from '../../catalogue';

type Wanted = Pick<ScaleDeploymentInput, 'replicas' | 'exact' | 'poolSize'>;

/**
 * The limits that an autoscaler gets. Out: it keeps at least the target. In: it may go down to the target, and up to what
 * the topology gives it in normal operation; so may one that was, or would be, pinned to a number. The same limits again from what
 * they give.
 */
export function boundsAfter(
  now: Bounds,
  { replicas, exact }: Pick<Wanted, 'replicas' | 'exact'>,
  autoscalerMax: number | undefined,
): Bounds {
  if (exact) return { min: replicas, max: replicas };
  const pinned = now.min === now.max;
  if (replicas < now.min || pinned) return { min: replicas, max: Math.max(autoscalerMax ?? now.max, replicas) };
  const max = replicas < now.max ? now.max : Math.max(autoscalerMax ?? 0, replicas);
  return { min: replicas, max };
}

/** Pods that there will be at most. */
export function podsMaxAfter(wanted: Wanted, facts: DeploymentFacts, known: DeploymentTopology | undefined): number {
  const [autoscaler] = facts.autoscalers;
  return autoscaler ? boundsAfter(autoscaler, wanted, known?.replicas.autoscalerMax).max : wanted.replicas;
}

/** Pods more (or fewer) than now, at least: an autoscaler's pods above its floor come and go anyway. */
export function podsAdded({ replicas }: Pick<Wanted, 'replicas'>, facts: DeploymentFacts): number {
  const [autoscaler] = facts.autoscalers;
  return autoscaler && replicas <= autoscaler.min ? 0 : replicas - facts.replicas;
}

/** A pool shrinks before pods are added, and grows when they are gone. */
export function poolMoment({ poolSize }: Wanted, { pool }: DeploymentFacts): 'before' | 'after' | 'never' {
  if (!pool || poolSize === undefined || poolSize === pool.size) return 'never';
  return poolSize < pool.size ? 'before' : 'after';
}

/** The consumers of a resource once the plan is carried out. */
export function consumersAfter(
  consumers: PoolConsumer[],
  facts: DeploymentFacts,
  podsMax: number,
  connectionsPerPod: number | undefined,
): PoolConsumer[] {
  return consumers.map((consumer) =>
    consumer.deployment === facts.name
      ? { ...consumer, pods: podsMax, connectionsPerPod: connectionsPerPod ?? consumer.connectionsPerPod }
      : consumer,
  );
}

/** How many more pods of this size the nodes take. */
export function roomFor({ requests, nodes }: Pick<DeploymentFacts, 'requests' | 'nodes'>): number {
  const fit = (free: number, each: number) => (each === 0 ? Infinity : Math.floor(Math.max(0, free) / each));
  return nodes
    .map(({ free }) =>
      Math.min(
        fit(free.cpuMillis, requests.cpuMillis),
        fit(free.memoryBytes, requests.memoryBytes),
        Math.max(0, free.pods),
      ),
    )
    .reduce((sum, pods) => sum + pods, 0);
}

/** Each limit of a quota that more pods would exceed, as a sentence. */
export function exceededQuotas(
  { quotas, requests, limits }: Pick<DeploymentFacts, 'quotas' | 'requests' | 'limits'>,
  added: number,
): string[] {
  const each: Record<string, number> = {
    ...{ pods: 1, 'count/pods': 1 },
    ...{ cpu: requests.cpuMillis / 1000, 'requests.cpu': requests.cpuMillis / 1000 },
    ...{ memory: requests.memoryBytes, 'requests.memory': requests.memoryBytes },
    ...(limits && { 'limits.cpu': limits.cpuMillis / 1000, 'limits.memory': limits.memoryBytes }),
  };
  return quotas.flatMap(({ quota, resource, hard, used }) => {
    const more = (each[resource] ?? 0) * added;
    return more > 0 && used + more > hard
      ? [`quota "${quota}" allows ${resource} ${hard}, ${used} are used, ${added} more pods need ${more}`]
      : [];
  });
}
