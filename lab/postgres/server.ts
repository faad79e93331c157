/**
 * One PostgreSQL server of the lab: a folder, an address of its own, a real postmaster. What Azure makes of it (state,
 * SKU, what a client may change) is not known here.
 *
 * Folder: data/, backups/, tls/, postgresql.conf, pg_hba.conf, settings.conf (what `configure` was told), standby.conf
 * and upstream.json (a standby only), postgresql.log.
 */
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '../processes';
import { baseBackup } from './base-backup';
import {
  hostBasedAuthentication,
  parseSettings,
  serverConfiguration,
  settingsText,
  standbyConfiguration,
} from './files';
import { postmasterPid, reloadPostmaster, startPostmaster, stopPostmaster } from './postmaster';
import { runPostgresProgram } from './programs';
import { assertReachable, assertSocketFits } from './reachable';
import { azureRoles, superuser } from './roles';
import { query, withSession } from './session';
import { settingsQuery, type Setting } from './settings';
import { dropUpstream, forgetUpstream, prepareUpstream, readUpstream, slotName, writeUpstream } from './upstream';
import { makeOwned, writeOwned } from './write';

export type { Setting } from './settings';

export interface PostgresServerOptions {
  name: string;
  /** Data, configuration, log and backups of this server. */
  folder: string;
  /** Its own loopback address. */
  address: string;
  port: number;
  /** PostgreSQL's names and values, such as `shared_buffers: '64MB'`. Read by `create` and `createStandby` only. */
  settings: Record<string, string>;
  admin: { login: string; password: string };
  /** PEM; names and address of the server in the certificate. With `authority`, a standby verifies its primary by it. */
  certificate: { key: string; certificate: string; authority?: string };
  /** Where the unix socket lies, when `folder` is too long for one. */
  socketFolder?: string;
}

export interface Backup {
  /** ISO 8601. */
  startedAt: string;
  completedAt: string;
  bytes: number;
  folder: string;
}

const streamingDeadlineMs = 60_000;
const promotionDeadlineMs = 60_000;
const reloadDeadlineMs = 10_000;

export class PostgresServer {
  readonly dataFolder: string;
  readonly logFile: string;
  readonly socketFolder: string;

  private constructor(readonly options: PostgresServerOptions) {
    this.dataFolder = join(options.folder, 'data');
    this.logFile = join(options.folder, 'postgresql.log');
    this.socketFolder = options.socketFolder ?? join(options.folder, 'run');
    assertSocketFits(this.socketFolder, options.port);
  }

  /** Makes a server with Azure's roles and starts it. Throws when the folder has one already. */
  static async create(options: PostgresServerOptions): Promise<PostgresServer> {
    const server = await PostgresServer.prepare(options);
    await runPostgresProgram('initdb', [
      ...['-D', server.dataFolder, '-U', superuser, '--auth=trust', '--no-sync', '--no-instructions'],
      ...['--data-checksums', '--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    ]);
    await server.start();
    await server.sql(azureRoles(options.admin));
    return server;
  }

  /** Makes a standby of a running server and waits until it streams from it. */
  static async createStandby(options: PostgresServerOptions, source: PostgresServer): Promise<PostgresServer> {
    const server = await PostgresServer.prepare(options);
    const slot = slotName(options.name);
    const password = await prepareUpstream((text, values) => source.sql(text, values), slot);
    await writeUpstream(options.folder, {
      socketFolder: source.socketFolder,
      port: source.options.port,
      name: source.options.name,
      slot,
    });
    const authorityFile = options.certificate.authority ? server.file('tls', 'authority.pem') : undefined;
    await writeOwned(
      server.file('standby.conf'),
      standbyConfiguration({
        ...{ address: source.options.address, port: source.options.port, login: slot, password, slot },
        ...{ applicationName: options.name, authorityFile },
      }),
    );
    await withSession(source, 'postgres', (client) =>
      baseBackup(client, { dataFolder: source.dataFolder, target: server.dataFolder, label: options.name, wal: false }),
    );
    await writeOwned(join(server.dataFolder, 'standby.signal'), '');
    await server.start();
    await until(`${options.name} streams from ${source.options.name}`, () => server.streams(), {
      deadlineMs: streamingDeadlineMs,
    });
    return server;
  }

  /** A server that has a folder already; not started. */
  static open(options: PostgresServerOptions): PostgresServer {
    return new PostgresServer(options);
  }

  private static async prepare(options: PostgresServerOptions): Promise<PostgresServer> {
    const server = new PostgresServer(options);
    if (existsSync(server.dataFolder))
      throw new Error(`${options.folder} has a PostgreSQL server in it already: remove it first`);
    await makeOwned(options.folder);
    await assertReachable(options.folder);
    await writeOwned(server.file('settings.conf'), settingsText(options.settings) + '\n');
    await server.writeFiles();
    return server;
  }

  get name(): string {
    return this.options.name;
  }

  get port(): number {
    return this.options.port;
  }

  get pid(): number | undefined {
    return postmasterPid(this.dataFolder);
  }

  get running(): boolean {
    return this.pid !== undefined;
  }

  /** True from the creation as a standby until its promotion. */
  get standby(): boolean {
    return existsSync(join(this.dataFolder, 'standby.signal'));
  }

  /** What `configure` was told, in force or pending. */
  get configured(): Record<string, string> {
    return parseSettings(readFileSync(this.file('settings.conf'), 'utf8'));
  }

  /** Starts it and waits until it takes connections; nothing to do when it runs. */
  async start(): Promise<void> {
    if (this.running) return;
    await this.writeFiles();
    await startPostmaster({
      ...{ dataFolder: this.dataFolder, logFile: this.logFile, configurationFile: this.file('postgresql.conf') },
      socketLockFile: join(this.socketFolder, `.s.PGSQL.${this.port}.lock`),
    });
  }

  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await stopPostmaster(this.dataFolder, mode);
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** SIGKILL to the postmaster: a crash. `start` recovers from it. */
  async kill(): Promise<void> {
    await stopPostmaster(this.dataFolder, 'kill');
  }

  /**
   * Changes settings (null takes one back to its default) and reloads a running server; a static setting stays pending
   * until `restart`. Throws, with nothing changed, when PostgreSQL refuses a name or value.
   */
  async configure(settings: Record<string, string | null>): Promise<void> {
    const wanted = Object.entries({ ...this.configured, ...settings }).filter(
      (entry): entry is [string, string] => entry[1] !== null,
    );
    await this.validate(Object.fromEntries(wanted));
    await writeOwned(this.file('settings.conf'), settingsText(Object.fromEntries(wanted)) + '\n');
    if (this.running) await this.reload();
  }

  settings(): Promise<Setting[]> {
    return this.sql<Setting>(settingsQuery);
  }

  /** Ends recovery on a standby; role and slot on the server it followed go, where that one runs. */
  async promote(): Promise<void> {
    await this.sql('SELECT pg_promote(wait => false)');
    const primary = async () =>
      (await this.sql<{ recovery: boolean }>('SELECT pg_is_in_recovery() AS recovery'))[0]?.recovery === false;
    await until(`${this.name} is promoted`, primary, { deadlineMs: promotionDeadlineMs, everyMs: 5 });
    await this.detach();
    await rm(this.file('standby.conf'), { force: true });
    await this.reload();
  }

  /** Drops what this standby has on the server it followed; to be called when it is removed as well, after it
   * was stopped. */
  async detach(): Promise<void> {
    const upstream = await readUpstream(this.options.folder);
    if (!upstream) return;
    const upstreamQuery = <T>(text: string, values?: unknown[]) => query<T>(upstream, text, values);
    // A server that does not run, or is gone, keeps its slot: nothing here can drop it.
    await dropUpstream(upstreamQuery, upstream.slot).catch(() => undefined);
    await forgetUpstream(this.options.folder);
  }

  /** A real base backup with the WAL it needs, in a folder below `backups`. */
  async backup(): Promise<Backup> {
    const startedAt = new Date().toISOString();
    const folder = this.file('backups', startedAt.replaceAll(/[:.]/g, '-'));
    await makeOwned(this.file('backups'));
    const bytes = await withSession(this, 'postgres', (client) =>
      baseBackup(client, { dataFolder: this.dataFolder, target: folder, label: startedAt, wal: true }),
    );
    return { startedAt, completedAt: new Date().toISOString(), bytes, folder };
  }

  /** As superuser over the unix socket: for the lab only, nothing that a customer of Azure could do. */
  sql<T = Record<string, unknown>>(text: string, values?: unknown[], database?: string): Promise<T[]> {
    return query<T>({ socketFolder: this.socketFolder, port: this.port }, text, values, database);
  }

  private async streams(): Promise<boolean> {
    const rows = await this.sql<{ status: string }>('SELECT status FROM pg_stat_wal_receiver');
    return rows[0]?.status === 'streaming';
  }

  /** New sessions tell when the postmaster has read its files: they inherit the time from it. */
  private async reload(): Promise<void> {
    const loadedAt = async () => (await this.sql<{ at: string }>('SELECT pg_conf_load_time()::text AS at'))[0]?.at;
    const before = await loadedAt();
    reloadPostmaster(this.dataFolder);
    await until(`${this.name} reads its settings`, async () => (await loadedAt()) !== before, {
      deadlineMs: reloadDeadlineMs,
    });
  }

  /** `postgres -C` reads settings as a start would, and ends. */
  private async validate(settings: Record<string, string>): Promise<void> {
    settingsText(settings);
    const given = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    await runPostgresProgram('postgres', [
      '-D',
      this.dataFolder,
      '-c',
      `config_file=${this.file('postgresql.conf')}`,
      ...given,
      '-C',
      'port',
    ]);
  }

  private async writeFiles(): Promise<void> {
    const { key, certificate, authority } = this.options.certificate;
    await makeOwned(this.file('tls'));
    await makeOwned(this.socketFolder);
    await writeOwned(this.file('tls', 'server.key'), key);
    await writeOwned(this.file('tls', 'server.crt'), certificate);
    if (authority) await writeOwned(this.file('tls', 'authority.pem'), authority);
    await writeOwned(this.file('pg_hba.conf'), hostBasedAuthentication(superuser));
    await writeOwned(
      this.file('postgresql.conf'),
      serverConfiguration({
        ...{
          address: this.options.address,
          port: this.port,
          dataFolder: this.dataFolder,
          socketFolder: this.socketFolder,
        },
        ...{
          hbaFile: this.file('pg_hba.conf'),
          keyFile: this.file('tls', 'server.key'),
          certificateFile: this.file('tls', 'server.crt'),
        },
        include: [this.file('settings.conf'), this.file('standby.conf')],
      }),
    );
  }

  private file(...path: string[]): string {
    return join(this.options.folder, ...path);
  }
}
