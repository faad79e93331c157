/**
 * How a flexible server becomes a PostgreSQL process: an address of its own, a certificate, a folder, passwords, and for
 * each server two secrets that a vault would hold: `application-url` and `admin-url`.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { postgresPort } from '../addresses/network';
import type { Authority } from '../authority/authority';
import type { ServerFactory } from '../azure/options';
import { type Lab, production } from '../lab';
import { PostgresServer, type PostgresServerOptions } from '../postgres';
import { makeOwned, writeWhole } from '../write';
import { type Application, createApplication } from './application';

/** Written before the server is made, so that a creation that broke off can be cleared away. */
interface ServerRecord {
  name: string;
  address: string;
  admin: { login: string; password: string };
  /** Whose database this server serves, if any. */
  application?: Application;
}

export class LabServers implements ServerFactory {
  private readonly known = new Map<string, PostgresServer>();
  private readonly records = new Map<string, ServerRecord>();

  constructor(
    private readonly lab: Lab,
    private readonly authority: Authority,
  ) {
    for (const name of existsSync(lab.serversFolder) ? readdirSync(lab.serversFolder) : []) {
      const file = this.recordFile(name);
      if (existsSync(file)) this.records.set(name, JSON.parse(readFileSync(file, 'utf8')) as ServerRecord);
    }
  }

  get names(): string[] {
    return [...this.records.keys()];
  }

  async create(spec: Parameters<ServerFactory['create']>[0]): Promise<PostgresServer> {
    const { administratorLogin: login, administratorLoginPassword: password } = spec;
    const application = spec.name === production.primary ? newApplication() : undefined;
    const record = await this.register({ name: spec.name, admin: { login, password }, application });
    const server = await PostgresServer.create(await this.options(record, spec.settings));
    if (application) {
      await createApplication(this.lab.postgresUrl(login, password, record.address, 'postgres'), application);
      await server.sql('CREATE EXTENSION pg_stat_statements', [], application.database);
    }
    return this.keep(record, server);
  }

  async createStandby(
    spec: Parameters<ServerFactory['createStandby']>[0],
    source: PostgresServer,
  ): Promise<PostgresServer> {
    const { admin, application } = this.record(source.name);
    const record = await this.register({ name: spec.name, admin, application });
    const server = await PostgresServer.createStandby(await this.options(record, spec.settings), source);
    return this.keep(record, server);
  }

  async open(name: string): Promise<PostgresServer> {
    const known = this.known.get(name);
    if (known) return known;
    const server = PostgresServer.open(await this.options(this.record(name), {}));
    this.known.set(name, server);
    return server;
  }

  async remove(name: string): Promise<void> {
    if (!this.records.has(name)) return;
    const server = await this.open(name);
    // In this order: a standby that runs connects to its slot again at once.
    await server.stop('immediate');
    await server.detach();
    await rm(server.options.folder, { recursive: true, force: true });
    await rm(this.lab.path('secrets', name), { recursive: true, force: true });
    this.known.delete(name);
    this.records.delete(name);
  }

  /** What a creation that broke off left goes first. Finding an address and taking it is one step: two creations get two. */
  private async register(wanted: Omit<ServerRecord, 'address'>): Promise<ServerRecord> {
    await this.remove(wanted.name);
    const address = this.lab.network.freeServerAddress([...this.records.values()].map((record) => record.address));
    const record = { ...wanted, address };
    this.records.set(wanted.name, record);
    await makeOwned(this.lab.path('servers', wanted.name));
    await writeWhole(this.recordFile(wanted.name), JSON.stringify(record));
    return record;
  }

  private async keep(record: ServerRecord, server: PostgresServer): Promise<PostgresServer> {
    this.known.set(record.name, server);
    const { admin, application, address } = record;
    await this.writeSecret(
      record.name,
      'admin-url',
      this.lab.postgresUrl(admin.login, admin.password, address, application?.database ?? 'postgres'),
    );
    if (application) {
      const { role, password, database } = application;
      await this.writeSecret(record.name, 'application-url', this.lab.postgresUrl(role, password, address, database));
    }
    return server;
  }

  private async writeSecret(server: string, kind: 'application-url' | 'admin-url', url: string): Promise<void> {
    await mkdir(this.lab.path('secrets', server), { recursive: true, mode: 0o700 });
    await writeWhole(this.lab.secretFile(server, kind), url);
  }

  private async options(record: ServerRecord, settings: Record<string, string>): Promise<PostgresServerOptions> {
    const { name, address, admin } = record;
    const folder = this.lab.path('servers', name);
    return {
      ...{ name, address, admin, folder, settings, port: postgresPort },
      certificate: { ...(await this.certificate(record)), authority: this.authority.certificate },
      // The last byte of the address: a socket's path must be short.
      socketFolder: this.lab.path('s', address.split('.')[3]!),
    };
  }

  private async certificate({ name, address }: ServerRecord): Promise<{ key: string; certificate: string }> {
    const tls = (file: string) => join(this.lab.path('servers', name), 'tls', file);
    if (!existsSync(tls('server.crt')))
      return this.authority.issue([name, `${name}.postgres.database.azure.com`, address]);
    return { key: await readFile(tls('server.key'), 'utf8'), certificate: await readFile(tls('server.crt'), 'utf8') };
  }

  private record(name: string): ServerRecord {
    const record = this.records.get(name);
    if (!record) throw new Error(`the lab has no server "${name}": ${this.names.join(', ') || 'it has none'}`);
    return record;
  }

  private recordFile(name: string): string {
    return this.lab.path('servers', name, 'server.json');
  }
}

function newApplication(): Application {
  return {
    role: production.applicationRole,
    password: randomBytes(18).toString('base64url'),
    database: production.database,
  };
}
