/** What preflight reads for the cluster: its objects, whose they are, what its nodes are, who else means its pods, the room. */
import { controllerOf } from '../deployments/controller';
import { isManaged } from '../kubernetes/managed';
import { type RedisClusterFacts, redisClusterKinds, type RedisClusterSettings } from './contract';
import { knownCluster, type RedisClusterDependencies } from './dependencies';
import { readFormation } from './formation';
import { describe, limitsOf, podLabels, requestsOf, selectorOf } from './manifests';
import { readObject } from './state';

const listMax = 100;

export async function inspectRedisCluster(
  settings: RedisClusterSettings,
  use: RedisClusterDependencies,
): Promise<RedisClusterFacts> {
  const kubernetes = use.kubernetes();
  const cluster = knownCluster(use);
  const { name } = cluster;
  const [readings, formation, selecting, claims, nodes, quotas] = await Promise.all([
    Promise.all(redisClusterKinds.map((kind) => readObject(kind, kubernetes, cluster, settings))),
    readFormation(kubernetes, cluster, settings),
    kubernetes.selecting(podLabels(cluster)),
    kubernetes.readClaims(selectorOf(cluster)),
    kubernetes.readNodes(),
    kubernetes.readQuotas(),
  ]);
  const objects = redisClusterKinds.map((kind, index) => ({ kind, ...readings[index]! }));
  return {
    ...{ namespace: kubernetes.namespace, name, formation, requests: requestsOf(settings), limits: limitsOf(settings) },
    objects: Object.fromEntries(
      objects.map(({ kind, shown, differs }) => [
        kind,
        {
          ...(shown === undefined ? {} : { now: shown }),
          ...{ wanted: describe(kind, cluster, settings), differs: differs.slice(0, listMax) },
        },
      ]),
    ) as RedisClusterFacts['objects'],
    foreign: objects.flatMap(({ kind, found }) =>
      found && !isManaged(found) ? [{ kind, managers: found.managers.slice(0, listMax) }] : [],
    ),
    controllers: objects.flatMap(({ kind, found }) => {
      const controller = found && controllerOf(found, { whole: true });
      return controller ? [{ kind, controller }] : [];
    }),
    selecting: selecting.filter((one) => ![`Service ${name}`, `PodDisruptionBudget ${name}`].includes(one)),
    claims: claims.map((claim) => claim.name).slice(0, listMax),
    nodes: nodes
      .filter(({ schedulable }) => schedulable)
      .slice(0, listMax)
      .map(({ name: node, free }) => ({ name: node, free })),
    quotas: quotas.slice(0, listMax),
  };
}
