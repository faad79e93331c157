/**
 * What preflight reads of a deployment and of all that its pods use. Reads only. Nodes and quotas are cut; pods are at most as
 * many as the topology allows (1,000, some 50 bytes each), so that the facts stay below the 64 KiB of an activity's result.
 */
import type { DeploymentTopology } from '../../catalogue';
import { onServer } from '../database/sql';
import { failure } from '../failures';
import type { Autoscaler, Deployment, Kubernetes } from '../kubernetes/kubernetes';
import { readSettings } from '../postgres/reads';
import { podAnnotations, poolSizeAnnotation } from '../poolers/manifests';
import { readRedis } from '../redis/application';
import type { AutoscalerFacts, DeploymentFacts, PoolConsumer } from './contract';
import { controllerOf, otherManagers } from './controller';
import type { DeploymentDependencies } from './dependencies';
import { answers } from './endpoint';
import { inactiveReasons } from './judgement';

const nodesMax = 200;
const quotasMax = 100;

export async function inspect(name: string, use: DeploymentDependencies): Promise<DeploymentFacts> {
  const kubernetes = use.kubernetes();
  const known = knownDeployment(name, use);
  const deployment = await kubernetes.readDeployment(name);
  const [autoscalers, pods, nodes, quotas, clientsAnswer] = await Promise.all([
    kubernetes.readAutoscalers(name),
    kubernetes.readPods(deployment),
    kubernetes.readNodes(),
    kubernetes.readQuotas(),
    known.clientUrl === undefined ? undefined : answers(known.clientUrl),
  ]);
  const controller = controllerOf(deployment, { whole: false });
  const templateController = controllerOf(deployment, { whole: true });
  const { replicas, readyReplicas, maxSurge, image, requests, limits } = deployment;
  return {
    ...{ namespace: kubernetes.namespace, name, replicas, readyReplicas, maxSurge, image, requests, limits },
    imageRuns: pods.some((pod) => pod.ready && pod.image === image),
    managers: otherManagers(deployment),
    ...(controller ? { controller } : {}),
    ...(templateController ? { templateController } : {}),
    restarts: Object.fromEntries(pods.map((pod) => [pod.name, pod.restarts])),
    autoscalers: autoscalers.map(factsOf),
    ...poolOf(deployment, known),
    nodes: nodes
      .filter(({ schedulable }) => schedulable)
      .slice(0, nodesMax)
      .map(({ name: node, free }) => ({ name: node, free })),
    quotas: quotas.slice(0, quotasMax),
    ...(await databaseOf(known, kubernetes, use)),
    ...(await redisOf(known, kubernetes, use)),
    ...(clientsAnswer === undefined ? {} : { clientsAnswer }),
  };
}

/** Throws WorkloadNotFound where the topology does not have it. */
export function knownDeployment(
  name: string,
  { topology }: Pick<DeploymentDependencies, 'topology'>,
): DeploymentTopology {
  const deployments = topology.kubernetes?.deployments ?? [];
  const found = deployments.find((one) => one.name === name);
  if (found) return found;
  const names = deployments.map((one) => one.name).join(', ') || 'none';
  throw failure('WorkloadNotFound', `the topology has no deployment "${name}"; it has: ${names}`);
}

function factsOf(autoscaler: Autoscaler): AutoscalerFacts {
  const { name, min, max, current, desired, conditions } = autoscaler;
  const controller = controllerOf(autoscaler, { whole: true });
  const inactive = inactiveReasons(conditions);
  return { name, min, max, current, desired, inactive, ...(controller ? { controller } : {}) };
}

function poolOf(deployment: Deployment, { databasePool }: DeploymentTopology): Pick<DeploymentFacts, 'pool'> {
  if (!databasePool) return {};
  const { variable } = databasePool;
  const { size, assumed } = sizeOf(deployment, databasePool);
  const set = deployment.environment[variable] !== undefined;
  return { pool: { variable, size, set, fixed: assumed && deployment.environmentFrom.includes(variable) } };
}

/** `assumed`: the template does not say, and something else may. */
function sizeOf(
  { environment, environmentFrom }: Deployment,
  pool: NonNullable<DeploymentTopology['databasePool']>,
): { size: number; assumed: boolean } {
  const size = Number(environment[pool.variable]);
  if (Number.isInteger(size) && size > 0) return { size, assumed: false };
  return { size: pool.default, assumed: environmentFrom.some((name) => name === pool.variable || name === '*') };
}

async function databaseOf(
  { databasePool }: DeploymentTopology,
  kubernetes: Kubernetes,
  use: DeploymentDependencies,
): Promise<Pick<DeploymentFacts, 'database'>> {
  if (!databasePool) return {};
  return { database: await connectionsOf(kubernetes, use) };
}

/** What the primary takes, and who opens connections to it: the deployments, and the pooler where there is one. */
export async function connectionsOf(
  kubernetes: Kubernetes,
  use: DeploymentDependencies,
): Promise<NonNullable<DeploymentFacts['database']>> {
  const server = await use.servers.readServer(use.topology.postgres.primary);
  const [{ settings }, consumers, pooler] = await Promise.all([
    onServer(server, 'application', use, (client) => readSettings(client, ['max_connections'])),
    consumersOf(
      kubernetes,
      use,
      async (deployment, known) =>
        known.databasePool &&
        !(await isPooled(deployment, known, kubernetes)) &&
        sizeOf(deployment, known.databasePool),
    ),
    poolerOf(kubernetes, use),
  ]);
  const maxConnections = Number(settings['max_connections']);
  return { server: server.name, maxConnections, consumers: [...consumers, ...pooler] };
}

/** Its pods' connections end in the pooler: those of its template, and the last that are there. */
async function isPooled(
  deployment: Deployment,
  { primaryUrl }: DeploymentTopology,
  kubernetes: Kubernetes,
): Promise<boolean> {
  if (!primaryUrl) return false;
  const takesIt = ({ secretReferences }: Pick<Deployment, 'secretReferences'>) =>
    secretReferences[primaryUrl.variable] === `${primaryUrl.secret}/${primaryUrl.pooledKey}`;
  if (!takesIt(deployment)) return false;
  const { observed, updatedReplicas, presentReplicas } = deployment;
  // While a cutover is held, or still goes on, the others have their own connections.
  return (observed && updatedReplicas === presentReplicas) || (await kubernetes.readPods(deployment)).every(takesIt);
}

/** Its pools, as its pods' annotation says: one for the one role and database. */
async function poolerOf(kubernetes: Kubernetes, { topology }: DeploymentDependencies): Promise<PoolConsumer[]> {
  const name = topology.kubernetes?.pooler?.name;
  const found = name === undefined ? undefined : await kubernetes.findObject('Deployment', name);
  const connectionsPerPod = Number(found && podAnnotations(found.content)[poolSizeAnnotation]);
  if (name === undefined || !found || !(connectionsPerPod > 0)) return [];
  const { replicas, maxSurge } = await kubernetes.readDeployment(name);
  return [{ deployment: name, pods: replicas, maxSurge, connectionsPerPod }];
}

async function redisOf(
  { queues, redisConnectionsPerPod }: DeploymentTopology,
  kubernetes: Kubernetes,
  use: DeploymentDependencies,
): Promise<Pick<DeploymentFacts, 'redis' | 'queues'>> {
  if (queues.length === 0 && redisConnectionsPerPod === undefined) return { queues: [] };
  const [{ maxClients, lengths }, consumers] = await Promise.all([
    readRedis(use.redis, queues),
    consumersOf(kubernetes, use, (_deployment, { redisConnectionsPerPod: size }) => size && { size, assumed: false }),
  ]);
  const at = Date.now();
  return {
    ...(maxClients === undefined ? {} : { redis: { maxClients, consumers } }),
    queues: Object.entries(lengths).map(([name, length]) => ({ name, length, at })),
  };
}

type Connections = { size: number; assumed: boolean } | undefined | false | 0;

/** Every deployment of the topology that opens connections of a kind; one that is not in the cluster opens none. */
async function consumersOf(
  kubernetes: Kubernetes,
  { topology }: DeploymentDependencies,
  connectionsOf: (deployment: Deployment, known: DeploymentTopology) => Connections | Promise<Connections>,
): Promise<PoolConsumer[]> {
  const consumers = await Promise.all(
    (topology.kubernetes?.deployments ?? []).map(async (known): Promise<PoolConsumer[]> => {
      const deployment = await kubernetes.readDeployment(known.name).catch((error: unknown) => {
        if (kubernetes.isAbsent(error)) return undefined;
        throw error;
      });
      const each = deployment && (await connectionsOf(deployment, known));
      if (!each) return [];
      const autoscalers = await kubernetes.readAutoscalers(known.name);
      const pods = Math.max(deployment.replicas, ...autoscalers.map(({ max }) => max));
      return [
        {
          ...{ deployment: known.name, pods, maxSurge: deployment.maxSurge, connectionsPerPod: each.size },
          ...(each.assumed ? { assumed: true } : {}),
        },
      ];
    }),
  );
  return consumers.flat();
}
