/**
 * One connection to a PostgreSQL server, always with TLS and the peer verified (libpq's verify-full), whatever `sslmode`
 * the URL says; every wait has an end.
 */
import { readFileSync } from 'node:fs';
import { checkServerIdentity, type ConnectionOptions } from 'node:tls';
import { Client, type ClientConfig } from 'pg';
import { failure } from '../failures';
import { postgresProblem } from './failures';

export type { Client };

/** What an open connection is used for outside this folder. */
export type Connection = Pick<Client, 'query' | 'end'>;

export interface ConnectionLimits {
  connectMs: number;
  statementMs: number;
}

export const readLimits: ConnectionLimits = { connectMs: 5000, statementMs: 10_000 };

/** Throws ConfigurationMissing for a URL that is none. Messages never carry the password. */
export function connectionConfig(url: string, limits: ConnectionLimits, certificateFile?: string): ClientConfig {
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol)) {
    throw failure(
      'ConfigurationMissing',
      'a connection URL is not of the form postgresql://role:password@host:port/database',
    );
  }
  const { hostname, port, username, password, pathname } = new URL(url);
  // An IPv6 address stands in brackets in a URL and nowhere else.
  const host = hostname.replace(/^\[|\]$/g, '');
  const tls: ConnectionOptions = {
    rejectUnauthorized: true,
    ...(certificateFile ? { ca: authority(certificateFile) } : {}),
    // Node compares with the name it connected to, which it does not know for a socket that pg opened to an address.
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
  };
  return {
    host,
    port: port ? Number(port) : 5432,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)) || decodeURIComponent(username),
    application_name: 'durable-runbooks',
    connectionTimeoutMillis: limits.connectMs,
    // On this side of the wire: as a start-up parameter PgBouncer refuses statement_timeout.
    query_timeout: limits.statementMs,
    ssl: tls,
  };
}

/** An open connection. Closing it is the caller's. */
export async function connect(url: string, limits: ConnectionLimits, certificateFile?: string): Promise<Client> {
  const client = new Client(connectionConfig(url, limits, certificateFile));
  // A connection that breaks while idle emits 'error', which would end the process; the next query says it as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    void client.end().catch(() => undefined);
    throw explained(error, url);
  }
}

/** Runs `read` in one read-only transaction with a statement time-out of the server's, and closes. */
export function reading<T>(
  url: string,
  certificateFile: string | undefined,
  read: (client: Client) => Promise<T>,
  limits: ConnectionLimits = readLimits,
): Promise<T> {
  return inTransaction('BEGIN READ ONLY', url, certificateFile, read, limits);
}

/** Runs `write` in one transaction. */
export function writing<T>(
  url: string,
  certificateFile: string | undefined,
  write: (client: Client) => Promise<T>,
): Promise<T> {
  return inTransaction('BEGIN', url, certificateFile, write, readLimits);
}

async function inTransaction<T>(
  begin: string,
  url: string,
  certificateFile: string | undefined,
  work: (client: Client) => Promise<T>,
  limits: ConnectionLimits,
): Promise<T> {
  const client = await connect(url, limits, certificateFile);
  try {
    await client.query(begin);
    await client.query(`SET LOCAL statement_timeout = ${Math.floor(limits.statementMs)}`);
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    throw explained(error, url);
  } finally {
    void client.end().catch(() => undefined);
  }
}

/** The failure with the address in it; what is not PostgreSQL's stays as it is. */
function explained(error: unknown, url: string): unknown {
  const problem = postgresProblem(error);
  if (!problem) return error;
  const { host, pathname } = new URL(url);
  return failure({ ...problem, message: `PostgreSQL at ${host}${pathname}: ${problem.message}` });
}

function authority(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw failure(
      'ConfigurationMissing',
      `PGSSLROOTCERT=${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
}
