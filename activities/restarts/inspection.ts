/** What preflight reads before a restart: parameters, the server itself, the servers around it, the pooler. Reads only. */
import { valueToRestore } from '../../catalogue';
import type { DescribedParameter, FlexibleServer } from '../azure/flexible-servers';
import { onServer } from '../database/sql';
import { toFailure } from '../failures';
import { postgresProblem } from '../postgres/failures';
import {
  type Cluster,
  readCluster,
  readLongTransactions,
  readProcesses,
  readSettings,
  readWalPosition,
} from '../postgres/reads';
import type { Pod } from '../kubernetes/kubernetes';
import { putLease, readLease } from '../pgbouncer/lease';
import { isPaused, numberIn, type Row } from '../pgbouncer/console';
import { isSameServer } from '../poolers/passage';
import { strangePods } from '../poolers/pods';
import { whatKeepsApplicationOut } from './application';
import type { ParameterFacts, PoolFacts, PoolPodFacts, RestartActivities, RestartFacts, Values } from './contract';
import type { RestartDependencies } from './dependencies';
import { lookAtReplica, lookAtSource } from './neighbours';
import { findPool, onPod, passPod, type Pool } from './pool';

const listMax = 100;

/** On a replica at least as high as on its primary (concepts-read-replicas). */
export const ordered = [
  ...['max_connections', 'max_prepared_transactions', 'max_locks_per_transaction'],
  ...['max_wal_senders', 'max_worker_processes'],
];

export async function inspectRestart(
  { server: name, parameters: names, since, restart = false }: Parameters<RestartActivities['inspectRestart']>[0],
  use: RestartDependencies,
): Promise<RestartFacts> {
  const { servers } = use;
  const server = await servers.readServer(name);
  const orderedHere = names.filter((one) => ordered.includes(one));
  const [parameters, locks, replicas, source, pool] = await Promise.all([
    servers.readParameters(name),
    servers.readLocks(name),
    servers.readReplicas(name),
    server.source === undefined ? undefined : lookAtSource(server.source, orderedHere, use),
    findPool(use),
  ]);
  const live = await bySql(server, { names, followed: replicas.length > 0 }, use);
  const { state, role, highAvailability } = server;
  const asked = names.flatMap((one) => parameters.find(({ name: known }) => known === one) ?? []);
  const mayRestart = restart || asked.some(({ isStatic }) => isStatic);
  // One that is not Ready is refused for that. After the sessions were counted: this one is none of them.
  const applicationProblem = mayRestart && state === 'Ready' ? await whatKeepsApplicationOut(server, use) : undefined;
  return {
    server: { name, state, role, highAvailability },
    startedAt: live?.startedAt ?? '',
    restarted: live !== undefined && live.startedAt > since,
    parameters: asked.map((parameter) => factsOf(parameter, live?.values ?? {})),
    known: asked.length === names.length ? [] : parameters.map((parameter) => parameter.name),
    pending: parameters
      .filter(({ pendingRestart }) => pendingRestart)
      .slice(0, listMax)
      .map(({ name: pending, value }) => ({ name: pending, value: value.slice(0, 200) })),
    locks: locks.slice(0, listMax),
    longTransactions: live?.longTransactions ?? [],
    ...(applicationProblem === undefined ? {} : { applicationProblem }),
    ...(source ? { source } : {}),
    replicas: await Promise.all(
      replicas.slice(0, listMax).map((replica) => lookAtReplica(replica, orderedHere, live?.position, use)),
    ),
    ...(pool && live ? { pool: pool === 'unknown' ? pool : await poolFacts(pool, live, use) } : {}),
  };
}

function factsOf(parameter: DescribedParameter, running: Values): ParameterFacts {
  const { name, value, isStatic, isReadOnly, dataType, allowedValues } = parameter;
  return {
    ...{ name, value, isStatic, isReadOnly, dataType, allowedValues: allowedValues.slice(0, 1000) },
    ...(running[name] === undefined ? {} : { running: valueToRestore(name, running[name], value) }),
  };
}

interface Live {
  startedAt: string;
  values: Values;
  longTransactions: RestartFacts['longTransactions'];
  /** Server processes of the application's sessions. */
  processes: number[];
  cluster: Cluster;
  /** Where its WAL ends; absent where nobody follows it. */
  position?: string;
}

/** Undefined where a server that is not Ready answers nothing: it is refused for that. */
async function bySql(
  server: FlexibleServer,
  { names, followed }: { names: string[]; followed: boolean },
  use: RestartDependencies,
): Promise<Live | undefined> {
  const { applicationRole: role, database } = use.topology.postgres;
  try {
    return await onServer(server, 'admin', use, async (client) => {
      const { startedAt, settings: values } = await readSettings(client, names);
      return {
        ...{ startedAt, values },
        longTransactions: await readLongTransactions(client),
        processes: await readProcesses(client, { role, database }),
        cluster: await readCluster(client),
        ...(followed ? { position: await readWalPosition(client) } : {}),
      };
    });
  } catch (error) {
    if (server.state === 'Ready') throw error;
    return undefined;
  }
}

async function poolFacts(pool: Pool, live: Live, use: RestartDependencies): Promise<PoolFacts> {
  // Asked after the server was: a connection that the pool opens meanwhile is in no list of the server's.
  const { pods, pooled } = await lookAtPods(pool, live);
  const strangers = (await strangePods(use.kubernetes(), pool.name)).slice(0, listMax);
  return {
    ...{ namespace: pool.namespace, name: pool.name },
    pods: [...pods, ...strangers.map((stranger) => ({ ...stranger, loginRetrySeconds: 0 }))],
    directSessions: live.processes.filter((process) => !pooled.has(process)).length,
  };
}

/** Every pod, and the server processes that belong to their connections. */
export async function lookAtPods(
  pool: Pool,
  live: Pick<Live, 'cluster'>,
): Promise<{ pods: PoolPodFacts[]; pooled: Set<number> }> {
  const listed = (await pool.pods()).slice(0, listMax);
  const looked = await Promise.all(listed.map((pod) => lookAt(pod, pool, live)));
  return { pods: looked.map(({ facts }) => facts), pooled: new Set(looked.flatMap(({ processes }) => processes)) };
}

interface Looked {
  facts: PoolPodFacts;
  /** Of the server, behind its connections (pgbouncer.org/usage.html, SHOW SERVERS: remote_pid). */
  processes: number[];
}

async function lookAt(pod: Pod, pool: Pool, live: Pick<Live, 'cluster'>): Promise<Looked> {
  const { name, address: host, ready, terminating } = pod;
  const without = (problem: string): Looked => ({
    facts: { pod: name, problem, loginRetrySeconds: 0 },
    processes: [],
  });
  if (terminating) return without('it is leaving');
  if (!ready || host === undefined) return without('it is not Ready');
  try {
    const lease = await readLease(host);
    // Given back by nobody: a sidecar from before does not understand one that names its attempt, and would take none.
    if (!lease) await putLease(host, { holder: 'nobody', attempt: 0, since: 0, expiresAt: 0 }, pool.password);
    const { database } = pool.upstream;
    const shown = await onPod(pool, host, async ({ show }) => ({
      configuration: await show('CONFIG'),
      row: (await show('DATABASES')).find((one) => one['name'] === database),
      servers: await show('SERVERS'),
    }));
    const paused = isPaused(shown.row);
    const passage = paused ? undefined : await passPod(pool, host);
    return {
      facts: {
        ...{ pod: name, ...timesIn(shown.configuration), poolSize: numberIn(shown.configuration, 'default_pool_size') },
        ...(paused ? { pausedBy: lease?.holder ?? 'somebody' } : {}),
        ...(passage ? { leadsHere: isSameServer(passage, live.cluster) } : {}),
      },
      processes: shown.servers.map((one) => Number(one['remote_pid'])),
    };
  } catch (error) {
    const known = toFailure(error, [postgresProblem]);
    return without(known.message);
  }
}

/** Of SHOW CONFIG: what counts for a client that waits, and for one that is new. */
export function timesIn(configuration: Row[]): Pick<PoolPodFacts, 'patienceSeconds' | 'loginRetrySeconds'> {
  const limits = ['query_wait_timeout', 'query_timeout'].map((setting) => numberIn(configuration, setting));
  const patience = limits.filter((seconds) => seconds > 0);
  return {
    ...(patience.length > 0 ? { patienceSeconds: Math.min(...patience) } : {}),
    loginRetrySeconds: numberIn(configuration, 'server_login_retry'),
  };
}
