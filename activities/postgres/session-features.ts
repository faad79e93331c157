/**
 * What the application uses that lives longer than a transaction, as far as another role can see it: advisory locks that are
 * held outside a transaction, and statements that run, in a few looks, and those that pg_stat_statements remembers.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import type { SessionFeature } from '../../catalogue';

/**
 * PgBouncer keeps these for each client, and sets them again on whatever connection it gets: a `SET` of one is no feature of
 * a session, and mostly PgBouncer's own (pgbouncer.org/config.html, track_extra_parameters).
 */
const kept = 'application_name|client_encoding|names|datestyle|timezone|time\\s+zone|standard_conforming_strings';

/** By the first word or a function's name: comments before it are left out. */
const patterns: [SessionFeature, RegExp][] = [
  ['listen', /^LISTEN\b/i],
  ['prepare', /^PREPARE\s+(?!TRANSACTION\b)/i],
  ['withHold', /^DECLARE\b[^;]*\bWITH\s+HOLD\b/i],
  ['advisoryLock', /\bpg_(try_)?advisory_lock(_shared)?\s*\(/i],
  ['sessionSettings', new RegExp(`^SET\\s+(SESSION\\s+)?(?!(SESSION|LOCAL|TRANSACTION|CONSTRAINTS|${kept})\\b)`, 'i')],
  // Until the end of the transaction with a third argument that is literally true.
  ['sessionSettings', /\bset_config\s*\((?:[^()]|\([^()]*\))*,(?!\s*true\s*\))[^,()]+\)/i],
  ['temporaryTable', /^CREATE\s+((GLOBAL|LOCAL)\s+)?TEMP(ORARY)?\s+(?![^;]*\bON\s+COMMIT\s+DROP\b)/i],
];

/** Pure, table-tested. */
export function featuresOf(statement: string): SessionFeature[] {
  const text = withoutComments(statement);
  return [...new Set(patterns.filter(([, pattern]) => pattern.test(text)).map(([feature]) => feature))];
}

export interface SeenFeatures {
  /** The beginning of a statement for each feature: it may carry values, so only its first words (`firstWords`). */
  features: { feature: SessionFeature; seen: string }[];
  statementsKnown: boolean;
}

const looks = 3;
const apartMs = 400;

/**
 * `role`: whose statements, in the database that `client` is connected to. A statement that was kept does not tell which
 * program sent it: ours send none of these.
 */
export async function readSessionFeatures(client: Client, role: string): Promise<SeenFeatures> {
  const running = new Set<string>();
  const holders = new Set<number>();
  for (let look = 0; look < looks; look++) {
    if (look > 0) await sleep(apartMs);
    // A transaction sees the same sessions for as long as it lasts. Locks are asked for at once, or they would be newer than the sessions.
    await client.query('SELECT pg_stat_clear_snapshot()');
    const { rows: locks } = await client.query<{ pid: number }>(
      // Outside a transaction there is no lock of a transaction's.
      `SELECT DISTINCT a.pid FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND a.usename = $1 AND a.datname = current_database() AND a.state = 'idle'`,
      [role],
    );
    const { rows: statements } = await client.query<{ query: string }>(
      `SELECT DISTINCT left(query, 1000) AS query FROM pg_stat_activity
        WHERE usename = $1 AND datname = current_database() AND application_name <> 'durable-runbooks' LIMIT 1000`,
      [role],
    );
    for (const { query } of statements) running.add(query);
    for (const { pid } of locks) holders.add(pid);
  }
  const { rows: extensions } = await client.query<{ keeps: boolean }>(
    // LISTEN, PREPARE and SET are utility statements. Null where the library is not loaded.
    `SELECT current_setting('pg_stat_statements.track', true) <> 'none'
              AND current_setting('pg_stat_statements.track_utility', true) = 'on' AS keeps
       FROM pg_extension WHERE extname = 'pg_stat_statements'`,
  );
  const remembered =
    extensions.length === 0
      ? { rows: [] }
      : await client.query<{ query: string }>(
          `SELECT left(s.query, 1000) AS query
             FROM pg_stat_statements s JOIN pg_roles r ON r.oid = s.userid JOIN pg_database d ON d.oid = s.dbid
            WHERE r.rolname = $1 AND d.datname = current_database()
              AND s.query ~* '(listen|prepare|hold|advisory|set|temp)' LIMIT 5000`,
          [role],
        );
  const seen = new Map<SessionFeature, string>();
  if (holders.size > 0) seen.set('advisoryLock', `held by ${holders.size} sessions`);
  for (const query of [...running, ...remembered.rows.map((row) => row.query)]) {
    for (const feature of featuresOf(query)) if (!seen.has(feature)) seen.set(feature, firstWords(query));
  }
  const features = [...seen].map(([feature, words]) => ({ feature, seen: words }));
  return { features, statementsKnown: extensions[0]?.keeps === true };
}

function withoutComments(statement: string): string {
  return statement.replace(/^(\s|--[^\n]*\n|\/\*[^]*?\*\/)+/, '');
}

/** No value: what is set can be a key or a token, with no blank before it, and this is written into the plan. */
export function firstWords(statement: string): string {
  return withoutComments(statement)
    .split(/[=('"$,;]/)[0]!
    .trim()
    .split(/\s+/)
    .slice(0, 2)
    .join(' ')
    .slice(0, 60);
}

export interface Session {
  pid: number;
  application: string;
  /** Absent over a socket. */
  address?: string;
}

/** Of the role, but for our own. */
export async function readRoleSessions(client: Client, role: string): Promise<Session[]> {
  const { rows } = await client.query<{ pid: number; application: string; address: string | null }>(
    `SELECT pid, application_name AS application, host(client_addr) AS address FROM pg_stat_activity
      WHERE usename = $1 AND backend_type = 'client backend' AND application_name <> 'durable-runbooks' LIMIT 10000`,
    [role],
  );
  return rows.map(({ address, ...session }) => ({ ...session, ...(address === null ? {} : { address }) }));
}
