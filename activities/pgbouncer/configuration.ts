/**
 * PgBouncer's two files, whole, and whether one that runs has taken them. Pure, table-tested.
 *
 * Sources: pgbouncer.org/config.html (settings, quoting of names and connection strings, the authentication file);
 * src/loader.c of PgBouncer.
 */
import type { Row } from './console';

export const poolerPort = 5432;
export const configurationFolder = '/etc/pgbouncer';
/** Where a pod's sidecar keeps the lease of a pause, and finds it again when it is started anew. */
export const leaseFolder = '/var/lib/pause';
/** Where the sidecar answers; the port of Prometheus' own exporter of PgBouncer. */
export const sidecarPort = 9127;
/** For the console alone; no role of the server's. */
export const administrator = 'durable_runbooks';

/** The server behind the pool, and who logs in there: the same role that logs in to the pool. */
export interface Upstream {
  host: string;
  port: number;
  database: string;
  role: string;
  password: string;
}

export interface PoolerSettings {
  poolSize: number;
  maxClientConnections: number;
  serverLoginRetrySeconds: number;
  queryWaitTimeoutSeconds: number;
  ignoreStartupParameters: string[];
}

/** Where it listens is not read back: a pod may be told its own address. */
const unread = new Set(['listen_addr', 'unix_socket_dir']);

/** The section [pgbouncer]. What is not named keeps PgBouncer's default, which depends on its version. */
function sectionOf(settings: PoolerSettings): Record<string, string> {
  return {
    ...{ listen_addr: '0.0.0.0', listen_port: String(poolerPort), unix_socket_dir: '' },
    // With its default md5 it could not log in to a server that has SCRAM secrets only.
    ...{ auth_type: 'scram-sha-256', auth_file: `${configurationFolder}/userlist.txt`, admin_users: administrator },
    pool_mode: 'transaction',
    max_client_conn: String(settings.maxClientConnections),
    default_pool_size: String(settings.poolSize),
    // One database and one role, so this is no other limit: it says so where somebody adds a role later.
    max_db_connections: String(settings.poolSize),
    ...{ server_tls_sslmode: 'verify-full', server_tls_ca_file: `${configurationFolder}/ca.pem` },
    server_login_retry: String(settings.serverLoginRetrySeconds),
    query_wait_timeout: String(settings.queryWaitTimeoutSeconds),
    // Whoever is new to a PgBouncer that was started anew while its server is away waits in the login (janitor.c, pool_client_maint).
    client_login_timeout: String(settings.queryWaitTimeoutSeconds),
    ignore_startup_parameters: settings.ignoreStartupParameters.join(','),
    // The readiness of each pod logs in every few seconds.
    ...{ log_connections: '0', log_disconnections: '0' },
  };
}

/** pgbouncer.ini: no secret in it. [pgbouncer] comes last, so that what includes the file can add to it. */
export function renderConfiguration(upstream: Omit<Upstream, 'password'>, settings: PoolerSettings): string {
  const { host, port, database } = upstream;
  const lines = Object.entries(sectionOf(settings)).map(([key, value]) => `${key} = ${value}`.trimEnd());
  return [
    '; Written by the runbook deployPgbouncer. Other settings get a file of their own: what is changed here does not come along.',
    '[databases]',
    `${database} = host=${inQuotes(host)} port=${port} dbname=${inQuotes(database)}`,
    '',
    '[pgbouncer]',
    ...lines,
    '',
  ].join('\n');
}

/** Where a file that `renderConfiguration` has made leads to; undefined for any other. */
export function hostIn(configuration: string, database: string): string | undefined {
  const found = entryOf(database).exec(configuration)?.[2];
  return found?.replaceAll("''", "'");
}

/** The same file, leading to another host. Undefined where it is not of `renderConfiguration`'s making. */
export function leadingTo(host: string, configuration: string, database: string): string | undefined {
  if (!entryOf(database).test(configuration)) return undefined;
  return configuration.replace(
    entryOf(database),
    (_line, before: string, _host, after: string) => `${before}${inQuotes(host)}${after}`,
  );
}

/** A database's name has no sign in it that means something to PgBouncer; but a dot does to a pattern. */
function entryOf(database: string): RegExp {
  return new RegExp(`^(${database.replaceAll('.', '\\.')} = host=)'((?:[^'\\n]|'')*)'( port=)`, 'm');
}

/** How a pooler lets its clients wait while its server is away. Seconds. */
export interface Patience {
  /** A client that waits longer for a connection is cut off (query_wait_timeout); 0: never. */
  queryWaitTimeoutSeconds: number;
  /** After a login that failed, for so long none is tried, and clients are turned away (server_login_retry). */
  serverLoginRetrySeconds: number;
}

const patienceLines = {
  queryWaitTimeoutSeconds: /^(query_wait_timeout = )([\d.]+)$/m,
  serverLoginRetrySeconds: /^(server_login_retry = )([\d.]+)$/m,
} satisfies Record<keyof Patience, RegExp>;

/** Undefined where the file is not of `renderConfiguration`'s making. */
export function patienceIn(configuration: string): Patience | undefined {
  const { queryWaitTimeoutSeconds: wait, serverLoginRetrySeconds: retry } = patienceLines;
  const [waits, retries] = [wait, retry].map((line) => line.exec(configuration)?.[2]);
  if (waits === undefined || retries === undefined) return undefined;
  return { queryWaitTimeoutSeconds: Number(waits), serverLoginRetrySeconds: Number(retries) };
}

const loginLine = /^(client_login_timeout = )([\d.]+)$/m;

/** The same file with another patience; in the login too, unless somebody has set that apart. Undefined where it is not of `renderConfiguration`'s making. */
export function withPatience(patience: Patience, configuration: string): string | undefined {
  const former = patienceIn(configuration);
  if (!former) return undefined;
  const inLogin = configuration.replace(loginLine, (line, before: string, value) =>
    Number(value) === former.queryWaitTimeoutSeconds ? `${before}${patience.queryWaitTimeoutSeconds}` : line,
  );
  return Object.entries(patienceLines).reduce(
    (text, [name, line]) =>
      text.replace(line, (_line, before: string) => `${before}${patience[name as keyof Patience]}`),
    inLogin,
  );
}

/** What `renderConfiguration` was given. Undefined where the file is not of its making. */
export function settingsIn(configuration: string): PoolerSettings | undefined {
  const patience = patienceIn(configuration);
  const lines = [/^default_pool_size = (\d+)$/m, /^max_client_conn = (\d+)$/m, /^ignore_startup_parameters =(.*)$/m];
  const [poolSize, clients, ignored] = lines.map((line) => line.exec(configuration)?.[1]);
  if (!patience || poolSize === undefined || clients === undefined || ignored === undefined) return undefined;
  return {
    ...{ poolSize: Number(poolSize), maxClientConnections: Number(clients), ...patience },
    // Whatever else somebody has written there stays in the Secret.
    ignoreStartupParameters: ignored
      .split(',')
      .map((name) => name.trim())
      .filter((name) => /^[\w.]{1,63}$/.test(name)),
  };
}

/** userlist.txt. Passwords are in clear: from a SCRAM secret PgBouncer could not log in to the server. */
export function renderUserlist(users: { name: string; password: string }[]): string {
  return users.map(({ name, password }) => `${inDoubleQuotes(name)} ${inDoubleQuotes(password)}\n`).join('');
}

function inQuotes(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function inDoubleQuotes(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

/** Of the application's connection URL. Why it cannot be pooled instead, without the password. */
export function upstreamOf(url: string | undefined): Upstream | string {
  if (url === undefined) return 'there is no such key';
  if (!URL.canParse(url) || !/^postgres(ql)?:$/.test(new URL(url).protocol)) {
    return 'not of the form postgresql://role:password@host/database';
  }
  const { hostname, port, username, password, pathname } = new URL(url);
  let upstream: Upstream;
  try {
    const role = decodeURIComponent(username);
    upstream = {
      ...{ host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 5432 : Number(port), role },
      ...{ password: decodeURIComponent(password), database: decodeURIComponent(pathname.slice(1)) || role },
    };
  } catch {
    return 'a per cent sign in it that begins no encoded character';
  }
  return obstacleIn(upstream) ?? upstream;
}

/** PgBouncer 1.18's buffers: 64 bytes for a name, and 2,048 for a password with its quotes doubled. */
const nameBytesMax = 63;
const passwordBytesMax = 1000;

function obstacleIn({ host, role, password, database }: Upstream): string | undefined {
  const names = { role, database };
  for (const [what, name] of Object.entries(names)) {
    if (name === '') return `no ${what}`;
    if (Buffer.byteLength(name) > nameBytesMax) return `a ${what} of more than ${nameBytesMax} bytes`;
    if (hasControlCharacter(name)) return `a ${what} with a line break or another control character`;
  }
  if (host === '' || /[\s,']/.test(host)) return 'no host, or more than one';
  // Keys of the file cannot be quoted (tried on 1.18).
  if (!/^[\w.-]+$/.test(database))
    return 'a database whose name has other signs than letters, digits, "_", "." and "-"';
  if (database === 'pgbouncer') return 'the database "pgbouncer", which is the name of PgBouncer’s own console';
  if (role === administrator) return `the role "${administrator}", which is the console’s`;
  if (password === '') return 'no password';
  if (Buffer.byteLength(password) > passwordBytesMax) return `a password of more than ${passwordBytesMax} bytes`;
  if (hasControlCharacter(password)) return 'a password with a line break or another control character';
  // PgBouncer would take it for a hash, and log in with something else.
  if (/^(md5[0-9a-f]{32}$|SCRAM-SHA-256\$)/.test(password)) return 'a password that looks like the hash of one';
  return undefined;
}

function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

/** What differs between what was rendered and what SHOW CONFIG and SHOW DATABASES say, each in a sentence. */
export function differences(
  shown: { configuration: Row[]; databases: Row[] },
  { host, port, database }: Omit<Upstream, 'password'>,
  settings: PoolerSettings,
): string[] {
  const values = new Map(shown.configuration.map(({ key, value }) => [String(key), value ?? '']));
  const wanted = Object.entries(sectionOf(settings)).filter(([key]) => !unread.has(key));
  const found = shown.databases.find(({ name }) => name === database);
  const entry = { host, port: String(port), database, pool_size: String(settings.poolSize) };
  return [
    ...wanted
      .filter(([key, value]) => !same(values.get(key), value))
      .map(([key, value]) => `${key} is ${values.get(key) ?? 'unknown'}, not ${value}`),
    ...(found
      ? Object.entries(entry)
          .filter(([key, value]) => !same(found[key], value))
          .map(([key, value]) => `${key} of database ${database} is ${found[key]}, not ${value}`)
      : [`there is no database ${database}`]),
    ...(['paused', 'disabled'] as const)
      .filter((state) => found && !['0', undefined, null].includes(found[state]))
      .map((state) => `database ${database} is ${state}`),
  ];
}

/** Numbers are shown in another form than they are written in: 1 and 1.000000. */
function same(shown: string | null | undefined, wanted: string): boolean {
  if (shown === undefined || shown === null) return false;
  if (shown === wanted) return true;
  return /^[\d.]+$/.test(shown) && /^[\d.]+$/.test(wanted) && Number(shown) === Number(wanted);
}
