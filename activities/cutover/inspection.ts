/** What preflight reads before a deployment is led through the pool. Reads only. */
import { builtInPooler } from '../database/inspection';
import { onServer } from '../database/sql';
import { controllerOf } from '../deployments/controller';
import { answers } from '../deployments/endpoint';
import { connectionsOf } from '../deployments/inspection';
import { inactiveReasons } from '../deployments/judgement';
import { type Upstream, upstreamOf } from '../pgbouncer/configuration';
import { readSessionFeatures } from '../postgres/session-features';
import type { PoolerDependencies } from '../poolers/dependencies';
import { leadsTo, type Primary, readPrimary } from '../poolers/passage';
import { readPoolerPods, strangePods } from '../poolers/pods';
import type { CutoverFacts } from './contract';
import { readPublished, stateOf, wayOf } from './path';
import { tryPooler } from './poolers';

const strangersMax = 100;

export async function inspectCutover(deployment: string, use: PoolerDependencies): Promise<CutoverFacts> {
  const kubernetes = use.kubernetes();
  const way = wayOf(deployment, use);
  const { pooler, known, variable, secret, key, pooledKey } = way;
  const found = await kubernetes.readDeployment(deployment);
  const server = await use.servers.readServer(use.topology.postgres.primary);
  const { applicationRole, database } = use.topology.postgres;
  const [pods, autoscalers, poolerPods, { direct, published, problem: unpoolable }, clientsAnswer] = await Promise.all([
    kubernetes.readPods(found),
    kubernetes.readAutoscalers(deployment),
    readPoolerPods(kubernetes, pooler.name),
    readPublished(kubernetes, way),
    known.clientUrl === undefined ? undefined : answers(known.clientUrl),
  ]);
  const [primary, seen, pooledByAzure, connections] = await Promise.all([
    readPrimary(server, use),
    onServer(server, 'admin', use, (client) => readSessionFeatures(client, applicationRole), database),
    builtInPooler(server.name, use),
    connectionsOf(kubernetes, use),
  ]);
  const upstream = upstreamOf(direct.text);
  const poolers =
    typeof upstream === 'string' || poolerPods.pods.length === 0
      ? []
      : [
          ...(await Promise.all(poolerPods.pods.map((pod) => tryPooler(pod, poolerPods.password, upstream, primary)))),
          ...(await strangePods(kubernetes, pooler.name)).slice(0, strangersMax),
        ];
  const elsewhere = typeof upstream === 'string' ? [] : await elsewhereBy(upstream, primary, use);
  const path = stateOf(found, variable);
  const set = [...Object.keys(found.environment), ...found.environmentFrom].includes(variable);
  const controller = controllerOf(found, { whole: true }) ?? controllerOf(direct, { whole: true });
  const problem = unpoolable ?? (typeof upstream === 'string' ? upstream : undefined);
  return {
    ...{ namespace: kubernetes.namespace, deployment, pooler: pooler.name, server: server.name },
    ...{ variable, secret, key, pooledKey, replicas: found.replicas, readyReplicas: found.readyReplicas, path },
    recreates: found.recreates,
    taken: set && ![`${secret}/${key}`, `${secret}/${pooledKey}`].includes(path.reference ?? ''),
    ...(controller ? { controller } : {}),
    published,
    ...(problem === undefined ? {} : { urlProblem: problem }),
    elsewhere,
    autoscalers: autoscalers.map((one) => {
      const owner = controllerOf(one, { whole: true });
      const inactive = inactiveReasons(one.conditions);
      return { name: one.name, min: one.min, max: one.max, inactive, ...(owner ? { controller: owner } : {}) };
    }),
    ...{ poolers, ...seen, builtInPooler: pooledByAzure, database: connections },
    restarts: Object.fromEntries(pods.map((pod) => [pod.name, pod.restarts])),
    ...(clientsAnswer === undefined ? {} : { clientsAnswer }),
  };
}

/**
 * Sessions are looked for by the topology's role and database, on the topology's primary: of a deployment that goes elsewhere that
 * would say nothing, and the pool would lead it to another server than its own.
 */
async function elsewhereBy(upstream: Upstream, primary: Primary, use: PoolerDependencies): Promise<string[]> {
  const { applicationRole, database } = use.topology.postgres;
  const leads = await leadsTo(primary, upstream, use);
  return [
    ...(upstream.role === applicationRole ? [] : [`its role is ${upstream.role}, the topology's ${applicationRole}`]),
    ...(upstream.database === database ? [] : [`its database is ${upstream.database}, the topology's ${database}`]),
    ...(leads === false ? [`it leads to ${upstream.host}, which is not ${primary.name}`] : []),
  ];
}
