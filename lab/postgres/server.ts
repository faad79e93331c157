/**
 * One PostgreSQL server of the lab: a folder, an address of its own, a real postmaster. What Azure makes of it (state,
 * SKU, what a client may change) is not known here.
 */
import { join } from 'node:path';
import { until } from '../processes';
import { baseBackup } from './base-backup';
import { copyFolder } from './copy';
import { settingsText } from './files';
import { postmasterPid, reloadPostmaster, startPostmaster, stopPostmaster } from './postmaster';
import { runPostgresProgram } from './programs';
import { azureRoles, superuser } from './roles';
import { ServerFolder } from './server-folder';
import { query, withSession } from './session';
import { settingsQuery, type Setting } from './settings';
import { dropUpstream, forgetUpstream, prepareUpstream, readUpstream, slotName, writeUpstream } from './upstream';
import { makeOwned } from '../write';

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
  private readonly folder: ServerFolder;
  /** The last start or restart: whoever starts it while Azure restarts it waits, and finds it running. */
  private starting: Promise<unknown> = Promise.resolve();

  private constructor(readonly options: PostgresServerOptions) {
    this.folder = new ServerFolder(options);
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
    const { name } = options;
    const { address, port } = source.options;
    const slot = slotName(name);
    const password = await prepareUpstream((text, values) => source.sql(text, values), slot);
    await writeUpstream(options.folder, { socketFolder: source.socketFolder, port, name: source.name, slot });
    await server.folder.writeSource({ address, port, login: slot, password, slot }, name);
    await withSession(source, 'postgres', (client) =>
      baseBackup(client, { dataFolder: source.dataFolder, target: server.dataFolder, label: name, wal: false }),
    );
    await server.folder.markAsStandby();
    await server.start();
    await until(`${name} streams from ${source.name}`, () => server.streams(), { deadlineMs: streamingDeadlineMs });
    return server;
  }

  /** Makes a server of a backup, as it was when the backup was completed; its roles and passwords are those of then. */
  static async restore(options: PostgresServerOptions, backup: Backup): Promise<PostgresServer> {
    const server = await PostgresServer.prepare(options);
    await copyFolder(backup.folder, server.dataFolder);
    await server.start();
    return server;
  }

  /** A server that has a folder already; not started. */
  static open(options: PostgresServerOptions): PostgresServer {
    return new PostgresServer(options);
  }

  private static async prepare(options: PostgresServerOptions): Promise<PostgresServer> {
    const server = new PostgresServer(options);
    await server.folder.create(options.settings);
    return server;
  }

  get dataFolder(): string {
    return this.folder.dataFolder;
  }

  get socketFolder(): string {
    return this.folder.socketFolder;
  }

  get logFile(): string {
    return this.folder.logFile;
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
    return this.folder.isStandby;
  }

  /** What `configure` was told, in force or pending. */
  get configured(): Record<string, string> {
    return this.folder.settings;
  }

  /** Starts it and waits until it takes connections; nothing to do when it runs. */
  start(): Promise<void> {
    return this.inTurn(() => this.startUnlessRunning());
  }

  async stop(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    await stopPostmaster(this.dataFolder, mode);
  }

  restart(): Promise<void> {
    return this.inTurn(async () => {
      await this.stop();
      await this.startUnlessRunning();
    });
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
    await this.folder.writeSettings(Object.fromEntries(wanted));
    if (this.running) await this.reload();
  }

  settings(): Promise<Setting[]> {
    return this.sql<Setting>(settingsQuery);
  }

  /**
   * Ends recovery on a standby; role and slot on the server it followed go, where that one runs. Resolves to the moment at which
   * it was seen to take writes.
   */
  async promote(): Promise<Date> {
    await this.sql('SELECT pg_promote(wait => false)');
    const primary = async () =>
      (await this.sql<{ recovery: boolean }>('SELECT pg_is_in_recovery() AS recovery'))[0]?.recovery === false;
    await until(`${this.name} is promoted`, primary, { deadlineMs: promotionDeadlineMs, everyMs: 5 });
    const at = new Date();
    await this.detach();
    await this.folder.forgetSource();
    await this.reload();
    return at;
  }

  /** Drops what this standby has on the server it followed. For one that is removed as well, after it was stopped. */
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
    const folder = join(this.folder.backupsFolder, startedAt.replaceAll(/[:.]/g, '-'));
    await makeOwned(this.folder.backupsFolder);
    const bytes = await withSession(this, 'postgres', (client) =>
      baseBackup(client, { dataFolder: this.dataFolder, target: folder, label: startedAt, wal: true }),
    );
    return { startedAt, completedAt: new Date().toISOString(), bytes, folder };
  }

  /** As superuser over the unix socket: for the lab only, nothing that a customer of Azure could do. */
  sql<T = Record<string, unknown>>(text: string, values?: unknown[], database?: string): Promise<T[]> {
    return query<T>({ socketFolder: this.socketFolder, port: this.port }, text, values, database);
  }

  private inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.starting.then(work);
    this.starting = done.catch(() => undefined);
    return done;
  }

  private async startUnlessRunning(): Promise<void> {
    if (this.running) return;
    await this.folder.writeFiles();
    await startPostmaster(this.folder);
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
    const files = ['-D', this.dataFolder, '-c', `config_file=${this.folder.configurationFile}`];
    await runPostgresProgram('postgres', [...files, ...given, '-C', 'port']);
  }
}
