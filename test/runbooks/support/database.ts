/** One flexible server with its replicas, made as a customer makes them, and what Azure and the server itself say of each. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { Client } from 'pg';
import { createApplication } from '../../../lab/daemon/application';
import { production as names } from '../../../lab/lab';
import { query } from '../../../lab/postgres/session';
import { until } from '../../../lab/processes';
import type { Production } from './production';

const deadlineMs = 60_000;

/** What a server is, asked of Azure, and how it runs, asked of itself. */
export interface Look {
  state: string;
  sku: string;
  storageGb: number;
  sharedBuffersMb: number;
  maxConnections: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

interface ServerView {
  sku: { name: string };
  properties: { state: string; storage: { storageSizeGB: number } };
}

export class Database {
  private constructor(
    private readonly production: Production,
    readonly name: string,
    readonly replicas: string[],
  ) {}

  /** The one that the lab begins with. */
  static first(production: Production): Database {
    return new Database(production, names.primary, []);
  }

  /** A new one, small, with 256 GiB, a first backup and the application's database. */
  static async create(
    production: Production,
    { replicas = 0, sku = names.sku, tier = names.tier }: { replicas?: number; sku?: string; tier?: string } = {},
  ): Promise<Database> {
    const name = `db-${randomBytes(3).toString('hex')}`;
    const made = new Database(
      production,
      name,
      Array.from({ length: replicas }, (_, index) => `${name}-replica-${index + 1}`),
    );
    const { location, storageGb, administratorLogin } = names;
    await made.change('PUT', name, {
      ...{ location, sku: { name: sku, tier } },
      properties: {
        ...{ administratorLogin, administratorLoginPassword: randomBytes(12).toString('base64url') },
        storage: { storageSizeGB: storageGb },
      },
    });
    await made.ready(name);
    await made.giveApplication();
    for (const replica of made.replicas) {
      const sourceServerResourceId = (await production.azure<{ id: string }>('GET', name)).body.id;
      await made.change('PUT', replica, { location, properties: { createMode: 'Replica', sourceServerResourceId } });
      await made.ready(replica);
    }
    await until(`${name} has a backup`, () => made.hasBackup(), { deadlineMs, everyMs: 100 });
    return made;
  }

  /** One change that is not a run's. Throws unless Azure takes it. */
  async change(method: string, path: string, body?: object): Promise<void> {
    const { status, body: answer } = await this.production.azure<object>(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(answer)}`);
  }

  async ready(server = this.name): Promise<void> {
    const isReady = async () => (await this.state(server)) === 'Ready';
    await until(`${server} is Ready`, isReady, { deadlineMs, everyMs: 100 });
  }

  /** As Azure calls it; undefined where it knows none of that name. */
  async state(server = this.name): Promise<string | undefined> {
    return (await this.view(server)).properties?.state;
  }

  async look(server = this.name): Promise<Look> {
    const { sku, properties } = await this.view(server);
    const [row] = await this.sql<{ buffers: string; connections: string; started: Date }>(
      `SELECT pg_size_bytes(current_setting('shared_buffers')) AS buffers, current_setting('max_connections') AS connections,
              pg_postmaster_start_time() AS started`,
      server,
    );
    return {
      ...{ state: properties.state, sku: sku.name, storageGb: properties.storage.storageSizeGB },
      ...{ sharedBuffersMb: Number(row!.buffers) / 1024 ** 2, maxConnections: Number(row!.connections) },
      startedAt: row!.started.getTime(),
    };
  }

  /** The application's URL, with the authorities where `sslrootcert` says where one finds them. */
  async applicationUrl({ server = this.name, sslrootcert = '' } = {}): Promise<string> {
    const url = new URL(this.secret('application-url'));
    if (server !== this.name) url.hostname = await this.host(server);
    if (sslrootcert !== '') url.searchParams.set('sslrootcert', sslrootcert);
    return url.href;
  }

  /** A session of the application, or of whoever has its password. Ending it is the caller's. */
  async session(server = this.name): Promise<Client> {
    const client = new Client({ connectionString: await this.applicationUrl({ server }) });
    // A server that is stopped says so to an idle client too; the next question fails by itself.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** As the application. */
  async sql<Row>(text: string, server = this.name): Promise<Row[]> {
    const client = await this.session(server);
    try {
      return (await client.query(text)).rows as Row[];
    } finally {
      await client.end();
    }
  }

  /** Addresses that its own firewall lets in. */
  async letIn(name: string, startIpAddress: string, endIpAddress: string): Promise<void> {
    const rule = { properties: { startIpAddress, endIpAddress } };
    await this.change('PUT', `${this.name}/firewallRules/${name}`, rule);
    const isThere = async () => (await this.firewallRules()).some((one) => one.startsWith(`${name}: `));
    await until(`${name} is let in`, isThere, { deadlineMs, everyMs: 100 });
  }

  async firewallRules(server = this.name): Promise<string[]> {
    type Rules = { value: { name: string; properties: { startIpAddress: string; endIpAddress: string } }[] };
    const { body } = await this.production.azure<Rules>('GET', `${server}/firewallRules`);
    return body.value.map(
      ({ name, properties }) => `${name}: ${properties.startIpAddress} to ${properties.endIpAddress}`,
    );
  }

  /** Whether Azure knows a server of that name. */
  async knows(server: string): Promise<boolean> {
    return (await this.production.azure('GET', server)).status === 200;
  }

  async takesWrites(server: string): Promise<boolean> {
    const [row] = await this.sql<{ recovery: boolean }>('SELECT pg_is_in_recovery() AS recovery', server);
    return !row!.recovery;
  }

  /** As Azure's administrator. */
  async adminSql(text: string): Promise<void> {
    const client = new Client({ connectionString: this.secret('admin-url') });
    client.on('error', () => undefined);
    await client.connect();
    await client.query(text).finally(() => client.end());
  }

  /** As Azure's own superuser, whom no customer has. */
  async superuserSql(text: string): Promise<void> {
    const [, , , last] = new URL(this.secret('admin-url')).hostname.split('.');
    await query({ socketFolder: this.production.lab.path('s', last!), port: 5432 }, text);
  }

  private async view(server: string): Promise<ServerView> {
    return (await this.production.azure<ServerView>('GET', server)).body;
  }

  async host(server: string): Promise<string> {
    const { body } = await this.production.azure<{ properties: { fullyQualifiedDomainName: string } }>('GET', server);
    return body.properties.fullyQualifiedDomainName;
  }

  private async hasBackup(): Promise<boolean> {
    const { body } = await this.production.azure<{ value: unknown[] }>('GET', `${this.name}/backups`);
    return body.value.length > 0;
  }

  /** The application's role and database, and its connection URL where the worker finds it. */
  private async giveApplication(): Promise<void> {
    const application = {
      ...{ role: names.applicationRole, database: names.database },
      password: randomBytes(12).toString('base64url'),
    };
    await createApplication(this.secret('admin-url'), application);
    const { role, password, database } = application;
    const url = this.production.lab.postgresUrl(role, password, await this.host(this.name), database);
    await writeFile(this.production.lab.secretFile(this.name, 'application-url'), url, { mode: 0o600 });
  }

  private secret(kind: 'application-url' | 'admin-url'): string {
    return readFileSync(this.production.lab.secretFile(this.name, kind), 'utf8');
  }
}
