/** How one request of the probe is made, for each kind of path. */
import type { FlexibleServers } from '../azure/flexible-servers';
import { connectionCode, type Mapping } from '../failures';
import { kubernetesProblem } from '../kubernetes/failures';
import { type Address, connectToPool, type Credentials } from '../pgbouncer/console';
import { connect, type Connection, type ConnectionLimits } from '../postgres/connection';
import { postgresProblem } from '../postgres/failures';
import { connectionUrl, type ConnectionSources } from '../postgres/connection-url';
import { type CacheConnections, connectToCache, type RedisClient } from '../redis/cache';
import { redisProblem } from '../redis/failures';
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
  /** Rejects where the request failed, with an Error that says why in words; the next one is made anew. */
  ask(): Promise<void>;
  close(): void;
}

/** Shorter than a client's usual patience: a request that hangs is seen as a stall either way. */
const limits: ConnectionLimits = { connectMs: 2000, statementMs: 2000 };
/**
 * The gateway of the guide waits 60 s for an answer, and its clients with it: late is a stall and no failure. Not as long as that:
 * a connection that never comes about would be all that is measured meanwhile.
 */
const httpMs = 10_000;
/** A pooler lets its clients wait, and they do: as long as this, it is a stall and no failure. */
const pooledMs = 120_000;

export async function askerFor(path: ClientPath, use: PathDependencies): Promise<Asker> {
  if (path.kind === 'every') return together(await Promise.all(path.paths.map((each) => askerFor(each, use))));
  if (path.kind === 'redis') {
    return inWords(
      [redisProblem],
      onRedis(() => connectToCache(path.cache, use.cacheConnections)),
    );
  }
  if (path.kind === 'http') return { ask: () => get(path.url), close: () => undefined };
  if (path.kind === 'pooler') {
    const pooled = onPostgres(async () => {
      const { address, login } = await use.pool();
      return connectToPool(address, login, pooledMs);
    });
    return inWords([kubernetesProblem, postgresProblem], pooled);
  }
  const url = await connectionUrl(await use.servers.readServer(path.server), 'application', use.connections);
  return inWords(
    [postgresProblem],
    onPostgres(() => connect(url, limits, use.certificateFile)),
  );
}

/** What a vendor's client throws may be empty, or quote what it sent. */
function inWords(mappings: Mapping[], { ask, close }: Asker): Asker {
  return {
    close,
    ask: () =>
      ask().catch((error: unknown) => {
        const known = mappings.map((map) => map(error)).find((problem) => problem !== undefined);
        const { message, name } = error as Error;
        throw new Error(known?.message ?? (message || connectionCode(error) || name));
      }),
  };
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
  const signal = AbortSignal.timeout(httpMs);
  const answered = async () => {
    const answer = await fetch(url, { headers: { connection: 'close' }, signal });
    await answer.arrayBuffer();
    return answer.status;
  };
  const status = await answered().catch((error: Error) => {
    // fetch itself only says "fetch failed", or "terminated".
    const reason = connectionCode(error) ?? (error.cause instanceof Error ? error.cause : error).message;
    throw new Error(`${url}: ${signal.aborted ? `no answer within ${httpMs / 1000} s` : reason}`);
  });
  if (status >= 500) throw new Error(`${url} answers ${status}`);
}
