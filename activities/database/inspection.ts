/**
 * What preflight reads: ARM first, then each server by SQL as the administrator. Reads only. Lists are cut so that the
 * facts stay far below the 64 KiB that an activity may return (the longest is the list of sizes: some 100 of 90 bytes).
 */
import type { FlexibleServer, FlexibleServers, Offer, Parameter } from '../azure/flexible-servers';
import {
  readDatabases,
  readLogicalSlots,
  readLongTransactions,
  readReplicaState,
  readSettings,
  readUnloggedTables,
  readWalPosition,
} from '../postgres/reads';
import { toFailure } from '../failures';
import { azureProblem } from '../azure/failures';
import type { DatabaseFacts, ServerFacts } from './contract';
import type { DatabaseDependencies } from './dependencies';
import { readPooler } from './pooler';
import { onServer } from './sql';

const listMax = 100;
const offersMax = 300;

export async function inspect(name: string, use: DatabaseDependencies): Promise<DatabaseFacts> {
  const { servers, resourceGroup } = use;
  const primary = await servers.readServer(name);
  const [offers, backups, replicaNames, pooledByAzure] = await Promise.all([
    servers.readOffers(name),
    servers.readBackups(name),
    servers.readReplicas(name),
    builtInPooler(name, use),
  ]);
  const replicas = await Promise.all(replicaNames.map((replica) => servers.readServer(replica)));
  return {
    resourceGroup,
    primary: await factsOf(primary, undefined, use),
    replicas: await Promise.all(replicas.map((replica) => factsOf(replica, primary, use))),
    offers: offers
      .slice(0, offersMax)
      .map(({ sku, tier, vCores, memoryGb }: Offer) => ({ sku, tier, vCores, memoryGb })),
    backup: newestAutomatic(backups, primary, Date.now()),
    builtInPooler: pooledByAzure,
  };
}

/** Pods that do not answer are waited for, for some seconds: only where it is asked who comes through them. */
export async function inspectWithPooler(name: string, use: DatabaseDependencies): Promise<DatabaseFacts> {
  const [facts, pooler] = await Promise.all([
    inspect(name, use),
    use.servers.readServer(name).then((server) => readPooler(server, use)),
  ]);
  return { ...facts, ...(pooler ? { pooler } : {}) };
}

/** Pure. The newest automatic backup: one that an operator took does not show that the automatic ones work. */
export function newestAutomatic(
  backups: { completedAt: string; automatic: boolean }[],
  { earliestRestoreDate }: Pick<FlexibleServer, 'earliestRestoreDate'>,
  now: number,
): DatabaseFacts['backup'] {
  const newest = backups
    .filter(({ automatic }) => automatic)
    .map(({ completedAt }) => completedAt)
    .sort()
    .at(-1);
  return {
    ...(newest
      ? { newestCompletedAt: newest, newestAgeHours: Math.max(0, (now - Date.parse(newest)) / 3_600_000) }
      : {}),
    ...(earliestRestoreDate ? { earliestRestoreDate } : {}),
  };
}

/**
 * `state` is looked at once more when all else is read: a change that has begun in between shows parameters of neither before nor after, and
 * is what the server is refused for.
 */
async function factsOf(
  server: FlexibleServer,
  primary: FlexibleServer | undefined,
  use: DatabaseDependencies,
): Promise<ServerFacts> {
  const { servers } = use;
  const [parameters, locks] = await Promise.all([servers.readParameters(server.name), servers.readLocks(server.name)]);
  const connections = parameters.find(({ name }) => name === 'max_connections');
  const live = await bySql(server, primary, Number(connections?.value ?? 0), use);
  const { name, id, location, sku, tier, storageGb, role, highAvailability, version } = server;
  const { state } = server.state === 'Ready' ? await servers.readServer(name) : server;
  return {
    ...{ name, id, location, sku, tier, storageGb, state, role, highAvailability, version },
    ...(server.subnet === undefined ? {} : { subnet: server.subnet }),
    ...(server.privateOnly ? { privateOnly: true as const } : {}),
    maxConnectionsSource: connections?.source ?? 'unknown',
    pending: pendingOf(parameters),
    locks: locks.slice(0, listMax),
    ...live,
  };
}

function pendingOf(parameters: Parameter[]): ServerFacts['pending'] {
  return parameters
    .filter(({ pendingRestart }) => pendingRestart)
    .slice(0, listMax)
    .map(({ name, value }) => ({ name, value: value.slice(0, 200) }));
}

type SqlFacts = Pick<
  ServerFacts,
  'maxConnections' | 'longTransactions' | 'unloggedTables' | 'logicalSlots' | 'replayLagBytes'
>;

async function bySql(
  server: FlexibleServer,
  primary: FlexibleServer | undefined,
  configuredConnections: number,
  use: DatabaseDependencies,
): Promise<SqlFacts> {
  try {
    const position = primary && (await onServer(primary, 'admin', use, readWalPosition));
    const facts = await onServer(server, 'admin', use, async (client) => {
      const { maxConnections } = await readSettings(client);
      const lag = position === undefined ? undefined : await readReplicaState(client, position);
      return {
        maxConnections,
        longTransactions: await readLongTransactions(client),
        logicalSlots: await readLogicalSlots(client),
        ...(lag ? { replayLagBytes: lag.streaming ? lag.replayLagBytes : null } : {}),
      };
    });
    return { ...facts, unloggedTables: primary ? [] : await unloggedTables(server, use) };
  } catch (error) {
    // A server that is not Ready is refused for that; that it answers no SQL is no second finding.
    if (server.state === 'Ready') throw error;
    const lag = primary ? { replayLagBytes: null } : {};
    return {
      maxConnections: configuredConnections,
      longTransactions: [],
      unloggedTables: [],
      logicalSlots: [],
      ...lag,
    };
  }
}

async function unloggedTables(server: FlexibleServer, use: DatabaseDependencies): Promise<string[]> {
  const names: string[] = [];
  for (const database of await onServer(server, 'admin', use, readDatabases)) {
    const found = await onServer(server, 'admin', use, readUnloggedTables, database);
    const prefix = database === use.applicationDatabase ? '' : `${database}.`;
    names.push(...found.map((table) => prefix + table));
  }
  return names.slice(0, listMax);
}

/** Azure's own pooler. Burstable servers do not have the parameter at all. */
export async function builtInPooler(
  server: string,
  { servers }: { servers: Pick<FlexibleServers, 'readParameter'> },
): Promise<boolean> {
  try {
    const { value } = await servers.readParameter(server, 'pgbouncer.enabled');
    return /^(true|on)$/i.test(value);
  } catch (error) {
    const failed = toFailure(error, [azureProblem]) as { type?: string };
    if (failed.type === 'ServerNotFound') return false;
    throw error;
  }
}
