/** How one request of the probe is made, for each kind of path. */
import type { FlexibleServers } from '../azure/flexible-servers';
import { type Address, connectToPool, type Credentials } from '../pgbouncer/console';
import { connect, type Connection, type ConnectionLimits } from '../postgres/connection';
import { connectionUrl, type ConnectionSources } from '../postgres/connection-url';
import { type CacheConnections, connectToCache, type RedisClient } from '../redis/connection';
import type { ClientPath } from './contract';

export interface PathDependencies {
  servers: Pick<FlexibleServers, 'readServer'>;
  connections: ConnectionSources;
  cacheConnections: CacheConnections;
  certificateFile?: string;
  /** As the application logs in to the topology's pooler. */
  pool(): Promise<{ address: Address; login: Credentials }>;
}

/** A client that asks again and again. */
export interface Asker {
  /** Rejects where the request failed; the next one is made anew. */
  ask(): Promise<void>;
  close(): void;
}

/** Shorter than a client's usual patience: a request that hangs is seen as a stall either way. */
const limits: ConnectionLimits = { connectMs: 2000, statementMs: 2000 };
const httpMs = 2000;
/** A pooler lets its clients wait, and they do: as long as this, it is a stall and no failure. */
const pooledMs = 120_000;

export async function askerFor(path: ClientPath, use: PathDependencies): Promise<Asker> {
  if (path.kind === 'every') return together(await Promise.all(path.paths.map((each) => askerFor(each, use))));
  if (path.kind === 'redis') return onRedis(() => connectToCache(path.cache, use.cacheConnections));
  if (path.kind === 'http') return { ask: () => get(path.url), close: () => undefined };
  if (path.kind === 'pooler') {
    return onPostgres(async () => {
      const { address, login } = await use.pool();
      return connectToPool(address, login, pooledMs);
    });
  }
  const url = await connectionUrl(await use.servers.readServer(path.server), 'application', use.connections);
  return onPostgres(() => connect(url, limits, use.certificateFile));
}

function together(askers: Asker[]): Asker {
  return {
    async ask() {
      const asked = await Promise.allSettled(askers.map((asker) => asker.ask()));
      const failed = asked.find((each) => each.status === 'rejected');
      if (failed) throw failed.reason;
    },
    close: () => askers.forEach((asker) => asker.close()),
  };
}

/** On one connection, like a pool's; one that broke is made anew. */
function onPostgres(open: () => Promise<Connection>): Asker {
  let connection: Connection | undefined;
  const close = () => {
    void connection?.end().catch(() => undefined);
    connection = undefined;
  };
  const ask = async () => {
    try {
      connection ??= await open();
      await connection.query('SELECT 1');
    } catch (error) {
      close();
      throw error;
    }
  };
  return { ask, close };
}

/** The same on Redis. */
function onRedis(open: () => Promise<RedisClient>): Asker {
  let connection: RedisClient | undefined;
  const close = () => {
    connection?.destroy();
    connection = undefined;
  };
  const ask = async () => {
    try {
      connection ??= await open();
      await connection.ping();
    } catch (error) {
      close();
      throw error;
    }
  };
  return { ask, close };
}

/** A connection of its own each time: one that is kept would always reach the same pod. */
async function get(url: string): Promise<void> {
  const answer = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(httpMs) });
  await answer.arrayBuffer();
  if (answer.status >= 500) throw new Error(`${url} answers ${answer.status}`);
}
