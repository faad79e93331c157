/**
 * The folder of one server: data/, backups/, tls/, postgresql.conf, pg_hba.conf, settings.conf (what was configured),
 * standby.conf and upstream.json (a standby only), postgresql.log. All of it belongs to PostgreSQL's account.
 */
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  hostBasedAuthentication,
  parseSettings,
  serverConfiguration,
  settingsText,
  standbyConfiguration,
} from './files';
import type { PostmasterFiles } from './postmaster';
import { assertReachable, assertSocketFits } from './reachable';
import { superuser } from './roles';
import { makeOwned, writeOwned } from '../write';

export interface ServerFolderOptions {
  folder: string;
  address: string;
  port: number;
  certificate: { key: string; certificate: string; authority?: string };
  socketFolder?: string;
}

export class ServerFolder implements PostmasterFiles {
  readonly path: string;
  readonly dataFolder: string;
  readonly backupsFolder: string;
  readonly logFile: string;
  readonly configurationFile: string;
  readonly socketFolder: string;
  readonly socketLockFile: string;

  /** Throws when a unix socket would not fit. */
  constructor(private readonly options: ServerFolderOptions) {
    this.path = options.folder;
    this.dataFolder = this.file('data');
    this.backupsFolder = this.file('backups');
    this.logFile = this.file('postgresql.log');
    this.configurationFile = this.file('postgresql.conf');
    this.socketFolder = options.socketFolder ?? this.file('run');
    this.socketLockFile = join(this.socketFolder, `.s.PGSQL.${options.port}.lock`);
    assertSocketFits(this.socketFolder, options.port);
  }

  /** Makes the folder with its files, but without data. Throws when it has data already, or cannot be entered. */
  async create(settings: Record<string, string>): Promise<void> {
    if (existsSync(this.dataFolder)) {
      throw new Error(`${this.path} has a PostgreSQL server in it already: remove it first`);
    }
    await makeOwned(this.path);
    await assertReachable(this.path);
    await this.writeSettings(settings);
    await this.writeFiles();
  }

  /** What was configured, in force or pending. */
  get settings(): Record<string, string> {
    return parseSettings(readFileSync(this.file('settings.conf'), 'utf8'));
  }

  writeSettings(settings: Record<string, string>): Promise<void> {
    return writeOwned(this.file('settings.conf'), settingsText(settings) + '\n');
  }

  /** True from the creation as a standby until the promotion: PostgreSQL removes the signal itself. */
  get isStandby(): boolean {
    return existsSync(this.standbySignal);
  }

  async markAsStandby(): Promise<void> {
    await writeOwned(this.standbySignal, '');
  }

  async writeSource(
    source: { address: string; port: number; login: string; password: string; slot: string },
    name: string,
  ): Promise<void> {
    const authorityFile = this.options.certificate.authority ? this.file('tls', 'authority.pem') : undefined;
    await writeOwned(
      this.file('standby.conf'),
      standbyConfiguration({ ...source, applicationName: name, authorityFile }),
    );
  }

  async forgetSource(): Promise<void> {
    await rm(this.file('standby.conf'), { force: true });
  }

  /** Written before each start: certificate and address are those of the options, whatever lay there. */
  async writeFiles(): Promise<void> {
    const { address, port, certificate } = this.options;
    const [keyFile, certificateFile, hbaFile] = [
      this.file('tls', 'server.key'),
      this.file('tls', 'server.crt'),
      this.file('pg_hba.conf'),
    ];
    await makeOwned(this.file('tls'));
    await makeOwned(this.socketFolder);
    await writeOwned(keyFile, certificate.key);
    await writeOwned(certificateFile, certificate.certificate);
    if (certificate.authority) await writeOwned(this.file('tls', 'authority.pem'), certificate.authority);
    await writeOwned(hbaFile, hostBasedAuthentication(superuser));
    const { dataFolder, socketFolder } = this;
    const include = [this.file('settings.conf'), this.file('standby.conf')];
    await writeOwned(
      this.configurationFile,
      serverConfiguration({ address, port, dataFolder, hbaFile, socketFolder, keyFile, certificateFile, include }),
    );
  }

  private get standbySignal(): string {
    return join(this.dataFolder, 'standby.signal');
  }

  private file(...path: string[]): string {
    return join(this.path, ...path);
  }
}
