/**
 * A primary that takes no writes any more, with no more rights than Azure's administrator has: nobody logs in, nobody is left.
 *
 * A setting such as default_transaction_read_only would not do, because a session can override it; nor would REVOKE CONNECT, which
 * answers success where it changes nothing. Roles are in the WAL: a replica that is promoted is fenced as well, until its own
 * logins are restored.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, escapeIdentifier } from 'pg';
import { failure } from '../failures';

type Queries = Pick<Client, 'query'>;

/** Azure's own superuser and roles, by their names; one that the administrator may alter is none of them. */
export const ofAzure = '^(azuresu$|azure_)';

/**
 * Roles that can log in, but for Azure's own (`replication` is among those that a server comes with: learn.microsoft.com, built-in
 * server roles) and the administrator, who has to open the fence again. What may replicate for somebody else can write as well.
 */
export async function readLogins(client: Queries): Promise<{ role: string; ours: boolean }[]> {
  // From 16 on CREATEROLE reaches only the roles that one administers.
  const { rows } = await client.query<{ role: string; ours: boolean }>(
    `SELECT role, ours
       FROM (SELECT rolname AS role, pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION') AS ours FROM pg_roles
              WHERE rolcanlogin AND NOT rolsuper AND rolname <> current_user AND rolname !~ '^(pg_|replication$)') AS logins
      WHERE ours OR role !~ $1 ORDER BY 1`,
    [ofAzure],
  );
  return rows;
}

/** Whether one of the roles cannot log in. */
export async function isFenced(client: Queries, roles: string[]): Promise<boolean> {
  return (await readShutLogins(client, roles)).length > 0;
}

/** Those of the roles that cannot log in; one that was dropped is none of them. */
export function readShutLogins(client: Queries, roles: string[]): Promise<string[]> {
  return rolesWhere('NOT rolcanlogin', client, roles);
}

/** Those of the roles that can log in. */
export function readOpenLogins(client: Queries, roles: string[]): Promise<string[]> {
  return rolesWhere('rolcanlogin', client, roles);
}

async function rolesWhere(condition: string, client: Queries, roles: string[]): Promise<string[]> {
  const { rows } = await client.query<{ role: string }>(
    `SELECT rolname AS role FROM pg_roles WHERE rolname = ANY($1) AND ${condition} ORDER BY 1`,
    [roles],
  );
  return rows.map(({ role }) => role);
}

/** What works for a role: its sessions, and its jobs where pg_cron runs them in background workers. */
const ofRoles = ['client backend', 'pg_cron'];
const everyMs = 10;
/** Sessions, to whoever reads why it was given up. */
const namedMax = 5;

/**
 * Once every pod of the pooler has let its own sessions go: whoever stays comes past it, and the fence would cut it off in what it does.
 * Throws SwitchoverGivenUp, and names them, where they stay for that long.
 */
export async function awaitNobody(client: Queries, roles: string[], forMs: number): Promise<void> {
  for (const until = Date.now() + forMs; ; await sleep(everyMs)) {
    const { rows } = await client.query<{ session: string }>(
      `SELECT concat_ws(' ', usename, 'as', nullif(application_name, ''), 'from', coalesce(host(client_addr), 'the server itself')) AS session
         FROM pg_stat_activity
        WHERE backend_type = ANY($2) AND usename = ANY($1) AND application_name <> 'durable-runbooks' ORDER BY 1`,
      [roles, ofRoles],
    );
    if (rows.length === 0) return;
    if (Date.now() < until) continue;
    const named = [...new Set(rows.map(({ session }) => session))].slice(0, namedMax).join('; ');
    throw failure(
      'SwitchoverGivenUp',
      `${rows.length} sessions are there while every pod is paused, and would be cut off: ${named}`,
    );
  }
}

/** Many times what a log-in takes. One that still waits for its client's password by then is no longer let in. */
const startingMs = 2000;

/**
 * Throws where another role can log in, for it would write to the old primary beside the new one, and where somebody is left after
 * that time. Returns the position behind everything that was ever acknowledged there. */
export async function fence(client: Queries, roles: string[], forMs: number): Promise<string> {
  await setLogins(client, roles, false);
  await awaitStarting(client);
  const others = (await readLogins(client)).map(({ role }) => role);
  if (others.length > 0)
    throw failure('SwitchoverGivenUp', `${others.join(', ')} can log in, and could not when it was planned`);
  for (const until = Date.now() + forMs; ; await sleep(everyMs)) {
    const { rows } = await client.query<{ pid: number }>(
      `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = ANY($2) AND usename = ANY($1)`,
      [roles, ofRoles],
    );
    if (rows.length === 0) break;
    if (Date.now() > until) throw failure('SwitchoverGivenUp', `${rows.length} sessions could not be ended`);
  }
  // A commit that waits for the disk takes those to it that did not (synchronous_commit off).
  await client.query(
    `BEGIN; SET LOCAL synchronous_commit = on; SELECT pg_logical_emit_message(true, 'durable-runbooks', 'fence'); COMMIT`,
  );
  // What is inserted may be ahead of every record, by a page's header that no replica has before the next one.
  const { rows } = await client.query<{ position: string }>('SELECT pg_current_wal_flush_lsn()::text AS position');
  return rows[0]!.position;
}

/**
 * Until those are there, or gone, that were just logging in: whoever was let in before the fence is not among the sessions yet, and
 * holds the lock of the transaction in which it starts.
 */
async function awaitStarting(client: Queries): Promise<void> {
  const starting = async () => {
    const { rows } = await client.query<{ transaction: string }>(
      `SELECT concat_ws(' ', pid, virtualtransaction) AS transaction FROM pg_locks LEFT JOIN pg_stat_activity USING (pid)
        WHERE locktype = 'virtualxid' AND usename IS NULL AND coalesce(backend_type, 'client backend') = 'client backend'`,
    );
    return rows.map(({ transaction }) => transaction);
  };
  const first = new Set(await starting());
  for (const until = Date.now() + startingMs; first.size > 0 && Date.now() < until; await sleep(everyMs)) {
    if (!(await starting()).some((transaction) => first.has(transaction))) return;
  }
}

export async function openFence(client: Queries, roles: string[]): Promise<void> {
  await setLogins(client, roles, true);
}

/** Of those that are still there: one that was dropped since the plan must not keep the others shut out. All or none. */
async function setLogins(client: Queries, roles: string[], may: boolean): Promise<void> {
  const { rows } = await client.query<{ role: string }>(
    'SELECT rolname AS role FROM pg_roles WHERE rolname = ANY($1) ORDER BY 1',
    [roles],
  );
  // Statements of one message are one transaction.
  const orders = rows.map(({ role }) => `ALTER ROLE ${escapeIdentifier(role)} ${may ? 'LOGIN' : 'NOLOGIN'}`);
  await client.query(orders.join('; '));
}

/** Until the replica has replayed up to that position. Throws where that takes longer, or its replay is paused. */
export async function awaitReplay(client: Queries, position: string, forMs: number): Promise<void> {
  for (const until = Date.now() + forMs; ; await sleep(everyMs)) {
    const { rows } = await client.query<{ behind: string; pause: string }>(
      `SELECT greatest(0, pg_wal_lsn_diff($1::pg_lsn, pg_last_wal_replay_lsn()))::text AS behind,
              pg_get_wal_replay_pause_state() AS pause`,
      [position],
    );
    const { behind, pause } = rows[0]!;
    if (behind === '0') return;
    if (Date.now() > until) {
      throw failure(
        'SwitchoverGivenUp',
        `the replica is ${behind} bytes behind after ${forMs / 1000} s, its replay is ${pause}`,
      );
    }
  }
}

/** Sessions that are neither Azure's nor this project's, and subscriptions, which write without a session. */
export async function readClientSessions(client: Queries): Promise<{ pid: number; session: string }[]> {
  const { rows } = await client.query<{ pid: number; session: string }>(
    `SELECT pid, concat_ws(' ', usename, CASE WHEN backend_type <> 'client backend' THEN '(' || backend_type || ')' END, 'as', nullif(application_name, ''), 'from', coalesce(host(client_addr), 'the server itself')) AS session
       FROM pg_stat_activity
      WHERE backend_type = ANY($2) AND (usename !~ $1 OR pg_has_role(current_user, usesysid, 'MEMBER WITH ADMIN OPTION'))
            AND application_name <> 'durable-runbooks'
         OR backend_type ~ '^logical replication.* worker$' ORDER BY 1`,
    [ofAzure, ofRoles],
  );
  return rows;
}
