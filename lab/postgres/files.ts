/**
 * The configuration files of one server, as text. Pure.
 *
 * They lie beside the data folder, not in it: a base backup then never carries one server's configuration to another.
 */

/** What every server of the lab has, whatever its size; `settings` override it. */
const common: Record<string, string> = {
  password_encryption: 'scram-sha-256',
  wal_level: 'logical',
  // Azure keeps 15 connections for itself (concepts-limits).
  superuser_reserved_connections: '10',
  reserved_connections: '5',
  max_wal_senders: '10',
  max_replication_slots: '10',
  max_worker_processes: '8',
  hot_standby_feedback: 'on',
  shared_preload_libraries: 'pg_stat_statements',
  // A standby that is gone makes its primary keep WAL for ever, as on Azure; here the disk is somebody's laptop.
  max_slot_wal_keep_size: '2GB',
  max_wal_size: '256MB',
  min_wal_size: '80MB',
  // Survives what the lab does (a killed postmaster), not a power cut: the lab is thrown away after one.
  fsync: 'off',
  log_line_prefix: '%m [%p] %u@%d ',
  log_timezone: 'UTC',
  timezone: 'UTC',
  default_text_search_config: 'pg_catalog.english',
};

export interface ServerFiles {
  address: string;
  port: number;
  dataFolder: string;
  hbaFile: string;
  socketFolder: string;
  keyFile: string;
  certificateFile: string;
  /** Files read last, in this order; a missing one is skipped. */
  include: string[];
}

export function serverConfiguration(files: ServerFiles): string {
  return [
    setting('data_directory', files.dataFolder),
    setting('hba_file', files.hbaFile),
    setting('listen_addresses', files.address),
    setting('port', String(files.port)),
    setting('unix_socket_directories', files.socketFolder),
    setting('unix_socket_permissions', '0700'),
    setting('ssl', 'on'),
    setting('ssl_key_file', files.keyFile),
    setting('ssl_cert_file', files.certificateFile),
    setting('ssl_min_protocol_version', 'TLSv1.2'),
    settingsText(common),
    ...files.include.map((path) => `include_if_exists = ${quote(path)}`),
    '',
  ].join('\n');
}

export function settingsText(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => setting(name, value))
    .join('\n');
}

/** Reads back what `settingsText` wrote. */
export function parseSettings(text: string): Record<string, string> {
  const lines = [...text.matchAll(/^([\w.]+) = '((?:[^']|'')*)'$/gm)];
  return Object.fromEntries(lines.map(([, name, value]) => [name!, value!.replace(/''|\\\\/g, (pair) => pair[0]!)]));
}

/**
 * Who may come in: the lab's superuser over the unix socket, which only PostgreSQL's own account and root can open;
 * everybody else over TLS with a password, as on Azure (require_secure_transport).
 */
export function hostBasedAuthentication(superuser: string): string {
  return [
    `local    all          ${superuser}  trust`,
    `hostssl  all          ${superuser}  all  reject`,
    `hostssl  all          all           all  scram-sha-256`,
    `hostssl  replication  all           all  scram-sha-256`,
    '',
  ].join('\n');
}

/** How a standby reaches its primary; a file of its own, because it holds a password. */
export function standbyConfiguration(source: {
  address: string;
  port: number;
  login: string;
  password: string;
  applicationName: string;
  slot: string;
  authorityFile?: string;
}): string {
  const connection: Record<string, string> = {
    host: source.address,
    port: String(source.port),
    user: source.login,
    password: source.password,
    application_name: source.applicationName,
    ...(source.authorityFile ? { sslmode: 'verify-full', sslrootcert: source.authorityFile } : { sslmode: 'require' }),
  };
  const words = Object.entries(connection).map(
    ([key, value]) => `${key}='${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`,
  );
  return settingsText({ primary_conninfo: words.join(' '), primary_slot_name: source.slot }) + '\n';
}

function setting(name: string, value: string): string {
  if (!/^[a-z_][a-z0-9_.]*$/i.test(name)) throw new Error(`"${name}" is not the name of a PostgreSQL setting`);
  if (/[\r\n\0]/.test(value)) throw new Error(`the value of PostgreSQL setting "${name}" has a line break in it`);
  return `${name} = ${quote(value)}`;
}

/** postgresql.conf has no escape but the doubled quote; a backslash starts one too (guc-file.l). */
function quote(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
