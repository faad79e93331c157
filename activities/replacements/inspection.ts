/** What preflight reads before a primary is replaced: the replica as for any, and all that the way of its clients is made of. Reads only. */
import { Context } from '@temporalio/activity';
import { onServer } from '../database/sql';
import { hostIn } from '../pgbouncer/configuration';
import { readMounted } from '../pgbouncer/mounted';
import { readClientSessions, readLogins } from '../postgres/fence';
import { readCluster } from '../postgres/reads';
import { readCronDatabase, readOwnJobs } from '../postgres/scheduled-jobs';
import { inspectReplica } from '../replicas/inspection';
import type { ReplicaIdentity } from '../replicas/contract';
import { lookAtPods } from '../restarts/inspection';
import { findPool, type Pool } from '../restarts/pool';
import type { KnownAddress, ReplacedPod, ReplacedPool, ReplacementFacts } from './contract';
import type { ReplacementDependencies } from './dependencies';
import { pooledProcesses, strangePods } from '../poolers/pods';
import { readStaged } from '../poolers/staged';
import type { Party } from './parties';
import { loadedHosts } from './staging';

const listMax = 100;

export async function inspectReplacement(
  { source, replica }: ReplicaIdentity,
  use: ReplacementDependencies,
): Promise<ReplacementFacts> {
  const { servers } = use;
  const primary = await servers.readServer(source);
  const [
    { database, existing, markers, firewallRules },
    surroundings,
    virtualEndpoints,
    parameters,
    logins,
    jobs,
    pool,
  ] = await Promise.all([
    inspectReplica({ source, replica, readers: [] }, use),
    servers.readSurroundings(source),
    servers.readVirtualEndpoints(source),
    servers.readParameters(source),
    onServer(primary, 'admin', use, readLogins),
    jobsOfAdministrator(primary, use),
    findPool(use),
  ]);
  const known = typeof pool === 'object' ? await lookAtPool(pool, source, use) : undefined;
  return {
    ...{ database, markers, firewallRules, surroundings, logins, jobs },
    ...(existing ? { existing } : {}),
    virtualEndpoints: virtualEndpoints.map(({ name }) => name),
    tags: Object.keys(primary.tags).sort(),
    overrides: parameters.filter(({ source: by }) => by === 'user-override').map(({ name }) => name),
    foreignSessions: known?.foreign ?? [],
    ...(known ? { pool: known.pool } : pool === 'unknown' ? { pool } : {}),
    ...(known?.pool.host === undefined
      ? { addresses: [] }
      : await addressesTo([known.pool.host, existing?.host, primary.host], use)),
  };
}

async function jobsOfAdministrator(primary: Party, use: ReplacementDependencies): Promise<string[]> {
  const database = await onServer(primary, 'admin', use, readCronDatabase);
  return database === undefined ? [] : (await onServer(primary, 'admin', use, readOwnJobs, database)).slice(0, listMax);
}

async function lookAtPool(
  pool: Pool,
  source: string,
  use: ReplacementDependencies,
): Promise<{ pool: ReplacedPool; foreign: string[] }> {
  const primary = await use.servers.readServer(source);
  const cluster = await onServer(primary, 'admin', use, readCluster);
  const { pods } = await lookAtPods(pool, { cluster });
  const [hosts, { text }, { paused, pausedByUs }] = await Promise.all([
    loadedHosts(pool),
    readStaged(pool, use.kubernetes()),
    use.kubernetes().readDeployment(pool.name),
  ]);
  const foreign = await foreignSessions(pool, primary, use);
  const strangers = (await strangePods(use.kubernetes(), pool.name)).slice(0, listMax);
  const host = text === undefined ? undefined : hostIn(text, pool.upstream.database);
  const asked = await Promise.all(pods.map((pod) => withMounted(pod, hosts.get(pod.pod))));
  return {
    pool: {
      ...{ namespace: pool.namespace, name: pool.name, role: pool.upstream.role },
      ...(paused ? { heldBy: pausedByUs ? ('us' as const) : ('others' as const) } : {}),
      ...(host === undefined ? {} : { host }),
      pods: [...asked, ...strangers.map((stranger) => ({ ...stranger, loginRetrySeconds: 0 }))],
    },
    foreign: foreign.slice(0, listMax),
  };
}

/** Looks, apart: a client that connects for every transaction, or a job that comes now and then, is not there all the time. */
const looks = 3;
const apartMs = 400;

/** Those that belong to no pool, neither before the look nor after it: a pool may just have opened one, or closed it. */
async function foreignSessions(pool: Pool, primary: Party, use: ReplacementDependencies): Promise<string[]> {
  const pooledIn = async () => pooledProcesses({ pods: await pool.pods(), password: pool.password });
  const found = new Set<string>();
  let before = await pooledIn();
  for (let look = 0; look < looks; look++) {
    if (look > 0) await Context.current().sleep(apartMs);
    const sessions = await onServer(primary, 'admin', use, readClientSessions);
    const after = await pooledIn();
    for (const { pid, session } of sessions) if (!before.has(pid) && !after.has(pid)) found.add(session);
    before = after;
  }
  return [...found].sort();
}

/** `found`: its address, and where it leads. Its sidecar must know the question that is asked before it is led elsewhere. */
async function withMounted(
  pod: ReplacedPod,
  found: { address: string; host: string | undefined } | undefined,
): Promise<ReplacedPod> {
  if (pod.problem !== undefined || !found) return pod;
  const led = { ...pod, ...(found.host === undefined ? {} : { host: found.host }) };
  try {
    await readMounted(found.address);
    return led;
  } catch (error) {
    return { ...led, problem: (error as Error).message };
  }
}

/** Keys of Secrets that lead to one of these hosts: those that the topology names, and others of the same Secrets. */
async function addressesTo(
  hosts: (string | undefined)[],
  use: ReplacementDependencies,
): Promise<{ addresses: KnownAddress[]; otherAddresses: string[] }> {
  const { pooler, deployments = [] } = use.topology.kubernetes ?? {};
  const known = [
    ...(pooler ? [pooler.application] : []),
    ...deployments.flatMap(({ primaryUrl }) => primaryUrl ?? []),
    ...deployments.flatMap(({ readReplica }) =>
      readReplica ? { secret: readReplica.secret, key: readReplica.primaryKey } : [],
    ),
  ];
  const named = new Set(known.map(({ secret, key }) => `${secret}/${key}`));
  const secrets = [...new Set(known.map(({ secret }) => secret))];
  const found = (await Promise.all(secrets.map((secret) => addressesIn(secret, use)))).flat();
  const there = found.filter(({ host }) => hosts.includes(host));
  const isNamed = ({ secret, key }: KnownAddress) => named.has(`${secret}/${key}`);
  return {
    addresses: there.filter(isNamed),
    otherAddresses: there.filter((address) => !isNamed(address)).map(({ secret, key }) => `${secret}/${key}`),
  };
}

/** Each URL in a Secret; none in one that is not there. */
async function addressesIn(secret: string, use: ReplacementDependencies): Promise<KnownAddress[]> {
  const kubernetes = use.kubernetes();
  const texts = await kubernetes.readSecretTexts(secret).catch((error: unknown) => {
    if (!kubernetes.isAbsent(error)) throw error;
    return {};
  });
  return Object.entries(texts)
    .filter(([, text]) => URL.canParse(text))
    .map(([key, text]) => ({ secret, key, host: new URL(text).hostname }));
}
