/**
 * PgBouncer by its own protocol: its administration console, and a transaction through its pool. Both over the cluster's
 * network without TLS, as the applications come; passwords are proven by SCRAM, and never sent.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
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
  show(what: 'VERSION' | 'CONFIG' | 'DATABASES' | 'POOLS' | 'STATS' | 'SERVERS' | 'CLIENTS'): Promise<Row[]>;
  /**
   * From then on no transaction begins; resolves when all have ended. Given up before, the pause stays in force. Of one database:
   * a pause of all is not seen in SHOW DATABASES. Begun between two logins of its pool: PgBouncer takes the end of one by a PAUSE for a
   * server that refuses, and after the RESUME turns clients away until another has succeeded (objects.c, disconnect_server of SV_LOGIN).
   * `assertMay`: asked at the last moment; nothing is sent where it throws.
   */
  pause(database: string, assertMay: () => void): Promise<void>;
  /** Not while a PAUSE waits on another connection: that one would wait for ever (pgbouncer 715). One too many is an error. */
  resume(database: string): Promise<void>;
  /**
   * Of every database: the one pause during which PgBouncer begins no login for a client that is new. It would take the end of such a
   * login by a RELOAD for a server that refuses, and turn clients away (pgbouncer 498). Not seen in SHOW DATABASES.
   */
  pauseAll(): Promise<void>;
  /** Nothing where there is no such pause. Last: the one of a database does not end with it. */
  resumeAll(): Promise<void>;
  /** Its file, again. Answers success on what it could not read: ask it what it has loaded. */
  reload(): Promise<void>;
}

export function onConsole<T>(
  address: Address,
  login: Omit<Credentials, 'database'>,
  ask: (console: Console) => Promise<T>,
  /** For how long one answer is waited. */
  limits: Limits = {},
): Promise<T> {
  return connected(
    address,
    { ...login, database: consoleDatabase },
    (client) =>
      ask({
        show: async (what) =>
          (await client.query<Record<string, string | number | null>>(`SHOW ${what}`)).rows.map(inTexts),
        pause: async (database, assertMay) => {
          await noLogin(client, database);
          assertMay();
          await client.query(`PAUSE "${database}"`);
        },
        resume: async (database) => void (await client.query(`RESUME "${database}"`)),
        pauseAll: () => client.query('PAUSE').then(nothing, unless(/already/i)),
        resumeAll: () => client.query('RESUME').then(nothing, unless(/not paused/i)),
        reload: async () => void (await client.query('RELOAD')),
      }),
    limits,
  );
}

/** Many times what a login takes. One that hangs is no reason to let transactions begin. */
const noLoginMs = 1000;
const noLoginEveryMs = 5;

/** Resolves when PgBouncer is in no login to that database's server, or the time is over. */
async function noLogin(client: Client, database: string): Promise<void> {
  for (const until = Date.now() + noLoginMs; Date.now() < until; await sleep(noLoginEveryMs)) {
    const { rows } = await client.query<{ database: string; sv_login: string | number }>('SHOW POOLS');
    if (rows.every((row) => row.database !== database || Number(row.sv_login) === 0)) return;
  }
}

const nothing = (): void => undefined;

/** An error that says so is none. */
function unless(words: RegExp): (error: Error) => void {
  return (error) => {
    if (!words.test(error.message)) throw error;
  };
}

/** A number in SHOW CONFIG; 0 where this version has no such setting. */
export function numberIn(configuration: Row[], setting: string): number {
  return Number(configuration.find(({ key }) => key === setting)?.['value'] ?? 0);
}

/** In a row of SHOW DATABASES. */
export function isPaused(database: Row | undefined): boolean {
  return database !== undefined && !['0', null, undefined].includes(database['paused']);
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
  /** Seconds since the epoch, to the microsecond. */
  postmasterStartedAt: string;
}

/**
 * Logs in to the pool, or past it to the server (`limits.authority`), writes in a transaction, and rolls it back. A temporary table
 * needs no right on anything of the application's, and is refused by a server that only reads.
 */
export function passThrough(address: Address, login: Credentials, limits: Limits = {}): Promise<Passage> {
  const pass = async (client: Client): Promise<Passage> => {
    await beginWriting(client);
    const { rows } = await client.query<{ tls: string | null; recovery: boolean; identifier: string; started: string }>(
      `SELECT (SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()) AS tls, pg_is_in_recovery() AS recovery,
              (SELECT system_identifier::text FROM pg_control_system()) AS identifier,
              extract(epoch FROM pg_postmaster_start_time())::text AS started`,
    );
    await client.query('ROLLBACK');
    const { tls, recovery, identifier, started } = rows[0]!;
    return {
      ...(tls === null ? {} : { tls }),
      ...{ inRecovery: recovery, systemIdentifier: identifier, postmasterStartedAt: started },
    };
  };
  return connected(address, login, pass, limits);
}

/** Logs in past the pool to a server that may take no writes. */
export async function logIn(address: Address, login: Credentials, limits: Limits): Promise<void> {
  await connected(address, login, (client) => client.query('SELECT 1'), limits);
}

/** Throws where the server takes no writes. The transaction is the caller's to roll back. */
export async function beginWriting(client: Pick<Client, 'query'>): Promise<void> {
  await client.query('BEGIN');
  await client.query('CREATE TEMPORARY TABLE durable_runbooks_passage (number int) ON COMMIT DROP');
  await client.query('INSERT INTO durable_runbooks_passage VALUES (1)');
}

export interface Limits {
  connectMs?: number;
  answerMs?: number;
  /** Who must have signed the peer's certificate, as PEM; without one there is no TLS. */
  authority?: string;
}

/** A client of the pool that waits as long as it is let wait, up to `patienceMs`. Closing it is the caller's. */
export async function connectToPool(address: Address, login: Credentials, patienceMs: number): Promise<Client> {
  const client = clientOf(address, login, { answerMs: patienceMs, connectMs: patienceMs });
  await client.connect();
  return client;
}

function clientOf(address: Address, login: Credentials, limits: Limits): Client {
  const client = new Client({
    ...{ ...address, ...login, application_name: 'durable-runbooks' },
    ssl: limits.authority === undefined ? false : verified(address.host, limits.authority),
    ...{ connectionTimeoutMillis: limits.connectMs ?? connectMs, query_timeout: limits.answerMs ?? answerMs },
  });
  // One that breaks while idle would end the process; the next query says it as well.
  client.on('error', () => undefined);
  return client;
}

async function connected<T>(
  address: Address,
  login: Credentials,
  work: (client: Client) => Promise<T>,
  limits: Limits,
): Promise<T> {
  const client = clientOf(address, login, limits);
  try {
    await client.connect();
    return await work(client);
  } finally {
    void client.end().catch(() => undefined);
  }
}

/** libpq's verify-full. */
function verified(host: string, ca: string): ConnectionOptions {
  // Node compares with the name it connected to, which it does not know for a socket that pg opened to an address.
  return { rejectUnauthorized: true, ca, checkServerIdentity: (_name, peer) => checkServerIdentity(host, peer) };
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
