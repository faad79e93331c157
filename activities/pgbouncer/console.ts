/**
 * PgBouncer by its own protocol: its administration console, and a transaction through its pool. Both over the cluster's
 * network without TLS, as the applications come; passwords are proven by SCRAM, and never sent.
 */
import { Client } from 'pg';

/** Every value as text: which columns are numbers depends on the version. */
export type Row = Record<string, string | null>;

export interface Address {
  host: string;
  port: number;
}

export interface Credentials {
  user: string;
  password: string;
  database: string;
}

const connectMs = 3000;
/** A paused or exhausted pool lets a client wait: longer than this is no answer. */
const answerMs = 3000;

const consoleDatabase = 'pgbouncer';

export interface Console {
  /** `SHOW <what>`, by the simple query protocol: the console speaks no other. */
  show(what: 'VERSION' | 'CONFIG' | 'DATABASES' | 'POOLS' | 'STATS' | 'SERVERS'): Promise<Row[]>;
}

export function onConsole<T>(
  address: Address,
  login: Omit<Credentials, 'database'>,
  ask: (console: Console) => Promise<T>,
): Promise<T> {
  return connected(address, { ...login, database: consoleDatabase }, (client) =>
    ask({
      show: async (what) =>
        (await client.query<Record<string, string | number | null>>(`SHOW ${what}`)).rows.map(inTexts),
    }),
  );
}

function inTexts(row: Record<string, string | number | null>): Row {
  const texts = Object.entries(row).map(([column, value]) => [column, value === null ? null : String(value)]);
  return Object.fromEntries(texts) as Row;
}

/** What a transaction met behind the pool. */
export interface Passage {
  /** Of the session between pool and server: "TLSv1.3", or nothing. */
  tls?: string;
  inRecovery: boolean;
  systemIdentifier: string;
}

/**
 * Logs in to the pool, writes in a transaction, and rolls it back. A temporary table needs no right on anything of the
 * application's, and is refused by a server that only reads.
 */
export function passThrough(address: Address, login: Credentials): Promise<Passage> {
  return connected(address, login, async (client) => {
    await client.query('BEGIN');
    await client.query('CREATE TEMPORARY TABLE durable_runbooks_passage (number int) ON COMMIT DROP');
    await client.query('INSERT INTO durable_runbooks_passage VALUES (1)');
    const { rows } = await client.query<{ tls: string | null; recovery: boolean; identifier: string }>(
      `SELECT (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls, pg_is_in_recovery() AS recovery,
              (SELECT system_identifier::text FROM pg_control_system()) AS identifier`,
    );
    await client.query('ROLLBACK');
    const { tls, recovery, identifier } = rows[0]!;
    return { ...(tls === null ? {} : { tls }), inRecovery: recovery, systemIdentifier: identifier };
  });
}

async function connected<T>(address: Address, login: Credentials, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({
    ...{ ...address, ...login, ssl: false, application_name: 'durable-runbooks' },
    ...{ connectionTimeoutMillis: connectMs, query_timeout: answerMs },
  });
  // One that breaks while idle would end the process; the next query says it as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return await work(client);
  } finally {
    void client.end().catch(() => undefined);
  }
}

/** A login that PgBouncer, or the server behind it, has refused: waiting does not mend it. */
export function isLoginRefused(error: unknown): boolean {
  const { code, message } = error as { code?: unknown; message?: unknown };
  return (
    ['28P01', '28000', '3D000'].includes(String(code)) ||
    /password authentication failed|SASL authentication failed|no such (user|database)|not allowed/i.test(
      String(message),
    )
  );
}
