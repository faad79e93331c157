/**
 * What is read from a server by SQL, with no more rights than Azure's administrator has (azure_pg_admin with pg_monitor:
 * no superuser, none of the application's tables).
 */
import type { Client } from 'pg';
import { ofAzure } from './fence';

export interface RunningSettings {
  /** pg_postmaster_start_time(), ISO 8601. */
  startedAt: string;
  inRecovery: boolean;
  maxConnections: number;
  sharedBuffersBytes: number;
  /** The settings asked for by name, in the unit that pg_settings shows. */
  settings: Record<string, string>;
}

export async function readSettings(client: Client, names: string[] = []): Promise<RunningSettings> {
  const { rows } = await client.query<{ started: Date; recovery: boolean; connections: string; buffers: string }>(
    `SELECT pg_postmaster_start_time() AS started, pg_is_in_recovery() AS recovery,
            current_setting('max_connections') AS connections,
            pg_size_bytes(current_setting('shared_buffers')) AS buffers`,
  );
  const [row] = rows;
  return {
    startedAt: row!.started.toISOString(),
    inRecovery: row!.recovery,
    maxConnections: Number(row!.connections),
    sharedBuffersBytes: Number(row!.buffers),
    settings: await readRunning(client, names),
  };
}

/**
 * Those of the settings that the server knows, in the unit that pg_settings shows. Pending ones as they still are. Without what only
 * this session has, by itself (its own time limits), its role or its database: of the server's value that says nothing.
 */
async function readRunning(client: Client, names: string[]): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; setting: string }>(
    `SELECT name, setting FROM pg_settings
      WHERE name = ANY($1) AND source NOT IN ('session', 'client', 'user', 'database', 'database user')`,
    [names],
  );
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
}

/** Sessions whose transaction is older than five minutes: a restart cuts them off. The oldest 20. */
export async function readLongTransactions(
  client: Client,
): Promise<{ pid: number; ageSeconds: number; application: string }[]> {
  const { rows } = await client.query<{ pid: number; age: number; application: string }>(
    `SELECT pid, floor(extract(epoch FROM now() - xact_start))::int AS age, coalesce(application_name, '') AS application
       FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND xact_start < now() - interval '5 minutes'
      ORDER BY xact_start LIMIT 20`,
  );
  return rows.map(({ pid, age, application }) => ({ pid, ageSeconds: age, application }));
}

/** The first 100 by name. */
export async function readLogicalSlots(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT slot_name AS name FROM pg_replication_slots WHERE slot_type = 'logical' ORDER BY 1 LIMIT 100`,
  );
  return rows.map(({ name }) => name);
}

/** Databases that this role may connect to, less Azure's own (azure_maintenance cannot be entered by anybody). */
export async function readDatabases(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT datname AS name FROM pg_database
      WHERE datallowconn AND NOT datistemplate AND datname NOT LIKE 'azure\\_%' AND has_database_privilege(datname, 'CONNECT')
      ORDER BY 1 LIMIT 100`,
  );
  return rows.map(({ name }) => name);
}

/** Unlogged tables of the database connected to, as schema.table; the first 100 by name. */
export async function readUnloggedTables(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE c.relpersistence = 'u' AND c.relkind = 'r'
      ORDER BY 1 LIMIT 100`,
  );
  return rows.map(({ name }) => name);
}

/** Where a primary's WAL ends now. */
export async function readWalPosition(client: Client): Promise<string> {
  const { rows } = await client.query<{ position: string }>('SELECT pg_current_wal_lsn()::text AS position');
  return rows[0]!.position;
}

export interface ReplicaState {
  inRecovery: boolean;
  streaming: boolean;
  /** "not paused", "pause requested" or "paused". */
  replayPause: string;
  /** WAL of the primary up to `position` that is not replayed here. */
  replayLagBytes: number;
}

/** `position`: where the primary's WAL ended, read before. Streaming alone proves nothing: replay can be paused for good. */
export async function readReplicaState(client: Client, position: string): Promise<ReplicaState> {
  const { rows } = await client.query<{
    recovery: boolean;
    streaming: boolean;
    pause: string | null;
    lag: string | null;
  }>(
    `SELECT pg_is_in_recovery() AS recovery,
            coalesce((SELECT status = 'streaming' FROM pg_stat_wal_receiver), false) AS streaming,
            CASE WHEN pg_is_in_recovery() THEN pg_get_wal_replay_pause_state() END AS pause,
            CASE WHEN pg_is_in_recovery() THEN greatest(0, pg_wal_lsn_diff($1::pg_lsn, pg_last_wal_replay_lsn())) END AS lag`,
    [position],
  );
  const { recovery, streaming, pause, lag } = rows[0]!;
  return { inRecovery: recovery, streaming, replayPause: pause ?? 'not paused', replayLagBytes: Number(lag ?? 0) };
}

/** What tells whether two servers are of one cluster, and whether they are one server. */
export interface Cluster {
  systemIdentifier: string;
  /** Seconds since the epoch, to the microsecond: no two servers were started in the same one. */
  postmasterStartedAt: string;
  timeline: number;
}

export async function readCluster(client: Client): Promise<Cluster> {
  const { rows } = await client.query<{ id: string; started: string; timeline: number }>(
    `SELECT (SELECT system_identifier::text FROM pg_control_system()) AS id,
            extract(epoch FROM pg_postmaster_start_time())::text AS started,
            (SELECT timeline_id FROM pg_control_checkpoint()) AS timeline`,
  );
  const { id, started, timeline } = rows[0]!;
  return { systemIdentifier: id, postmasterStartedAt: started, timeline };
}

/** What one application has on a server. */
export interface Arrivals {
  sessions: number;
  /** Those of them that have asked anything. */
  asked: number;
  /** Network addresses that they come from. */
  addresses: number;
  /** In the database, by whomever, since its statistics began. */
  rowsRead: number;
}

/** `application`: the application_name of its sessions. */
export async function readArrivals(
  client: Client,
  { role, application, database }: { role: string; application: string; database: string },
): Promise<Arrivals> {
  const { rows } = await client.query<{ sessions: number; asked: number; addresses: number; rows: string | null }>(
    `SELECT count(*)::int AS sessions, count(query_start)::int AS asked, count(DISTINCT client_addr)::int AS addresses,
            (SELECT tup_returned::text FROM pg_stat_database WHERE datname = $3) AS rows
       FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND usename = $1 AND application_name = $2 AND datname = $3`,
    [role, application, database],
  );
  const { sessions, asked, addresses, rows: rowsRead } = rows[0]!;
  return { sessions, asked, addresses, rowsRead: Number(rowsRead ?? 0) };
}

/** Server processes of a role's sessions in a database, ours too. */
export async function readProcesses(
  client: Client,
  { role, database }: { role: string; database: string },
): Promise<number[]> {
  const { rows } = await client.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename = $1 AND datname = $2`,
    [role, database],
  );
  return rows.map(({ pid }) => pid);
}

/** Client sessions that are neither ours nor Azure's, by role. */
export async function readSessions(client: Client): Promise<Record<string, number>> {
  const { rows } = await client.query<{ role: string; sessions: number }>(
    `SELECT usename AS role, count(*)::int AS sessions FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND usename IS NOT NULL AND application_name <> 'durable-runbooks'
        AND (usename !~ $1 OR pg_has_role(current_user, usesysid, 'MEMBER WITH ADMIN OPTION'))
      GROUP BY 1`,
    [ofAzure],
  );
  return Object.fromEntries(rows.map(({ role, sessions }) => [role, sessions]));
}
