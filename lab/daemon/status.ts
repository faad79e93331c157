/** What `lab status` shows of the servers. */
import type { CacheSummary, FaultListing, ServerSummary } from '../azure';
import type { PostgresServer } from '../postgres';
import type { RedisServer } from '../redis/server';
import type { Traffic } from '../traffic/traffic';

export interface ServerStatus extends ServerSummary {
  address: string;
  pid: number | null;
  running: boolean;
  standby: boolean;
  /** As the server itself reports them; absent where it does not answer. */
  maxConnections?: number;
  sharedBuffers?: string;
  workMem?: string;
  /** Bytes of WAL that a standby has received or not, but not yet replayed, by its primary's position; null: not streaming. */
  replayLagBytes?: number | null;
}

export interface CacheStatus extends CacheSummary {
  address: string;
  pid: number | null;
  /** As the server itself reports them; absent where it does not answer. */
  usedMemory?: string;
  maxMemory?: string;
  clients?: number;
}

export interface LabStatus {
  servers: ServerStatus[];
  caches: CacheStatus[];
  traffic: NonNullable<ReturnType<Traffic['summary']>> | null;
  faults: FaultListing[];
}

export async function serverStatus(
  azure: ServerSummary,
  server: PostgresServer,
  source?: PostgresServer,
): Promise<ServerStatus> {
  const { pid, running, standby } = server;
  const base = { ...azure, address: server.options.address, pid: pid ?? null, running, standby };
  if (!running) return base;
  try {
    const [row] = await server.sql<{ maxConnections: string; sharedBuffers: string; workMem: string }>(
      `SELECT current_setting('max_connections') AS "maxConnections", current_setting('shared_buffers') AS "sharedBuffers",
              current_setting('work_mem') AS "workMem"`,
    );
    return {
      ...base,
      ...row,
      maxConnections: Number(row!.maxConnections),
      ...(source && { replayLagBytes: await replayLag(server.name, source) }),
    };
  } catch {
    return base;
  }
}

async function replayLag(standby: string, source: PostgresServer): Promise<number | null> {
  try {
    const rows = await source.sql<{ lag: string }>(
      'SELECT pg_current_wal_lsn() - replay_lsn AS lag FROM pg_stat_replication WHERE application_name = $1',
      [standby],
    );
    return rows[0] ? Number(rows[0].lag) : null;
  } catch {
    return null;
  }
}

export async function cacheStatus(azure: CacheSummary, redis: RedisServer | undefined): Promise<CacheStatus> {
  const base = { ...azure, address: redis?.options.address ?? '', pid: redis?.pid ?? null };
  try {
    const info = redis ? (await redis.info('memory')) + (await redis.info('clients')) : '';
    const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
    return {
      ...base,
      usedMemory: field('used_memory_human')!,
      maxMemory: field('maxmemory_human')!,
      clients: Number(field('connected_clients')),
    };
  } catch {
    return base;
  }
}
