/**
 * An Azure Resource Manager endpoint whose flexible servers are real PostgreSQL processes, and whose caches real Redis ones.
 *
 * It answers as Azure does (headers, errors, long-running operations, refusals; see docs of each part), takes Azure's
 * times divided by a factor, and remembers everything in its folder. What it does not know: other resource types, prices,
 * networks.
 */
import type { AddressInfo } from 'node:net';
import type { PostgresServer } from '../postgres/server';
import type { RedisServer } from '../redis/server';
import { ActivityLog } from './activity-log';
import { backUp, dropBackup, takeDueBackups } from './backups';
import { stateOfCache } from './caches/access';
import type { CacheState, RedisCache } from './caches/record';
import { cacheRoutes } from './caches/routes';
import { seedCache, type SeedCache } from './caches/seed';
import { createCache, deleteCache, updateCache } from './caches/update';
import { updateConfiguration } from './configurations/update';
import type { Context } from './context';
import { FaultBoard, type ArmedFault, type FaultListing } from './faults/board';
import { stateOf } from './flexible-servers/access';
import { create } from './flexible-servers/create';
import { drop, foreign, restart, start, stop } from './flexible-servers/lifecycle';
import { promote } from './flexible-servers/promote';
import type { FlexibleServer, ServerState } from './flexible-servers/record';
import { createReplica } from './flexible-servers/replica';
import { serverRoutes } from './flexible-servers/routes';
import { update } from './flexible-servers/update';
import { createHttpServer } from './http/server';
import { Operations } from './operations';
import type { ResourceManagerOptions } from './options';
import { RequestLog, type LoggedRequest } from './request-log';
import { backupRoutes } from './routes/backups';
import { changeChild, childRoutes } from './routes/children';
import { configurationRoutes } from './routes/configurations';
import { createDatabase, databaseRoutes, dropDatabase } from './routes/databases';
import { managementRoutes } from './routes/management';
import { nameAvailabilityRoutes } from './routes/name-availability';
import { operationRoutes } from './routes/operations';
import { seed, type Seed } from './seed';
import { Store } from './store';

export type { SeedCache } from './caches/seed';
export type { CacheFactory, ResourceManagerOptions, ServerFactory } from './options';
export type { Seed, SeedServer } from './seed';
export type { LoggedRequest } from './request-log';
export type { ArmedFault, FaultListing } from './faults/board';
export type { FaultName } from './faults/catalogue';

const backupCheckEveryMs = 60_000;

const kinds = {
  ...{ create, createReplica, update, promote, restart, stop, start, drop, foreign, updateConfiguration },
  ...{ backUp, dropBackup, createDatabase, dropDatabase, changeChild },
  ...{ createCache, updateCache, deleteCache },
};

export interface ServerSummary {
  name: string;
  sku: string;
  tier: string;
  storageGb: number;
  state: ServerState;
  /** Name of the server that a replica follows. */
  source?: string;
}

export interface CacheSummary {
  name: string;
  /** Such as `Standard C3`. */
  size: string;
  shards?: number;
  state: CacheState;
}

export interface ResourceManager {
  /** Opens the servers of the last time, goes on with their operations, and serves. */
  listen(): Promise<{ url: string }>;
  /** Stops serving; PostgreSQL processes go on, operations are left for the next time. */
  close(): Promise<void>;
  /** Makes the servers that are missing. After `listen`. */
  seed(seed: Seed): Promise<void>;
  /** Makes a cache that is missing. After `listen`. Throws with what to do where there is no Redis on this machine. */
  seedCache(seed: SeedCache): Promise<void>;
  /** The caches as Azure says they are. */
  caches(): CacheSummary[];
  /** The server behind a cache. Throws when there is none. */
  redis(cache: string): RedisServer;
  /** The servers as Azure says they are. */
  servers(): ServerSummary[];
  /** Every request so far, oldest first. */
  requests(): LoggedRequest[];
  /** The process behind a server. Throws when there is none. */
  postgres(server: string): PostgresServer;
  /** From now on operations of that kind take so many seconds; undefined: Azure's time, divided. Throws where there is no such kind. */
  setTime(kind: string, seconds: number | undefined): void;
  faults: {
    list(): FaultListing[];
    arm(name: string, options?: Record<string, unknown>): ArmedFault;
    /** All, or those of one name, or those armed for some servers. */
    clear(name?: string, servers?: string[]): void;
    /** Returns when what was armed or cleared so far has been done to each replica. */
    settled(): Promise<void>;
  };
}

export function createResourceManager(options: ResourceManagerOptions): ResourceManager {
  const context = createContext(options);
  const app = createHttpServer(context);
  for (const routes of [
    serverRoutes,
    cacheRoutes,
    configurationRoutes,
    backupRoutes,
    databaseRoutes,
    childRoutes,
    operationRoutes,
    managementRoutes,
    nameAvailabilityRoutes,
  ]) {
    routes(app, context);
  }
  let backups: NodeJS.Timeout | undefined;
  return {
    async listen() {
      await openServers(context);
      await openCaches(context);
      context.operations.resume();
      await app.listen({ host: options.host, port: options.port });
      backups = setInterval(() => void takeDueBackups(context), backupCheckEveryMs);
      const { port } = app.server.address() as AddressInfo;
      return { url: `https://${options.host}:${port}` };
    },
    async close() {
      clearInterval(backups);
      await context.operations.close();
      await app.close();
    },
    seed: (given) => seed(context, given),
    seedCache: (given) => seedCache(context, given),
    caches: () => context.store.caches.map((cache) => cacheSummary(context, cache)),
    redis: (cache) => context.redis(cache),
    servers: () => context.store.servers.map((server) => summary(context, server)),
    requests: () => context.requestLog.all(),
    postgres: (server) => context.postgres(server),
    setTime: (kind, seconds) => context.operations.setTime(kind, seconds),
    faults: {
      list: () => context.faults.list(),
      arm: (name, given) => context.faults.arm(name, given),
      clear: (name, servers) => context.faults.clear(name, servers),
      settled: () => context.faults.settled(),
    },
  };
}

function summary(context: Context, server: FlexibleServer): ServerSummary {
  const { name, sku, storage, source } = server;
  return {
    name,
    sku: sku.name,
    tier: sku.tier,
    storageGb: storage.sizeGb,
    state: stateOf(context, server),
    ...(source === undefined ? {} : { source }),
  };
}

function cacheSummary(context: Context, cache: RedisCache): CacheSummary {
  const { name, sku, shardCount } = cache;
  return {
    ...{ name, size: `${sku.name} ${sku.family}${sku.capacity}`, state: stateOfCache(context, cache) },
    ...(shardCount === undefined ? {} : { shards: shardCount }),
  };
}

function createContext(options: ResourceManagerOptions): Context {
  const processes = new Map<string, PostgresServer>();
  const caches = new Map<string, RedisServer>();
  const store = new Store(options.folder);
  store.state.groups[options.resourceGroup.toLowerCase()] ??= {
    name: options.resourceGroup,
    location: options.location,
  };
  const warn = options.warn ?? ((text: string) => console.error(text));
  const context = {
    ...{ options, store },
    activityLog: new ActivityLog(options.folder, options.subscriptionId, options.resourceGroup),
    requestLog: new RequestLog(options.folder),
    postgres(server: string) {
      const process = processes.get(server.toLowerCase());
      if (!process) throw new Error(`there is no PostgreSQL behind server ${server}`);
      return process;
    },
    keepPostgres(name: string, process: PostgresServer | undefined) {
      if (process) processes.set(name.toLowerCase(), process);
      else processes.delete(name.toLowerCase());
    },
    redis(cache: string) {
      const server = caches.get(cache.toLowerCase());
      if (!server) throw new Error(`there is no Redis behind cache ${cache}`);
      return server;
    },
    keepRedis(name: string, server: RedisServer | undefined) {
      if (server) caches.set(name.toLowerCase(), server);
      else caches.delete(name.toLowerCase());
    },
    warn: (text: string, error: unknown) =>
      warn(`${text}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`),
  } as unknown as Context & { operations: Operations; faults: FaultBoard };
  Object.assign(context, { operations: new Operations(context, kinds), faults: new FaultBoard(context) });
  return context;
}

/** A server whose creation did not finish has no folder yet, and is not opened: its operation ends or begins anew. */
async function openServers(context: Context): Promise<void> {
  for (const server of context.store.servers) {
    if (server.fullyQualifiedDomainName === '') continue;
    const process = await context.options.servers.open(server.name);
    context.keepPostgres(server.name, process);
    if (server.started) await process.start();
  }
}

/** One that was not made yet has no server: its operation makes it. */
async function openCaches(context: Context): Promise<void> {
  for (const { name } of context.store.caches) {
    const redis = context.options.caches.open(name);
    if (!redis) continue;
    context.keepRedis(name, redis);
    await redis.start();
  }
}
