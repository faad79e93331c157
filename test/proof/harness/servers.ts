/** The PostgreSQL servers of a place, with names of their own, and the ways to ask them that know nothing of a run. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import type { ServerSummary } from '../../../lab/azure';
import { postgresPort } from '../../../lab/addresses/network';
import { createApplication } from '../../../lab/daemon/application';
import { production } from '../../../lab/lab';
import { until } from '../../../lab/processes';
import { SqlProxy, sqlProxyPort } from './sql-proxy';
import type { Stage } from './stage';

const administratorLogin = 'proofadmin';
/** How soon a server that a run has made gets its proxy. */
const lookEveryMs = 100;
const group = `/subscriptions/${production.subscriptionId}/resourceGroups/${production.resourceGroup}`;

export interface PrimaryWish {
  sku?: string;
  tier?: string;
  storageGb?: number;
  replicas?: number;
}

export class Servers {
  readonly primary: string;
  /** Called when a worker connects to one of them, before it gets through. */
  onConnection: () => void = () => undefined;
  private readonly proxies = new Map<string, SqlProxy>();
  private watch: NodeJS.Timeout | undefined;

  constructor(
    private readonly stage: Stage,
    private readonly name: string,
  ) {
    this.primary = `${name}-primary`;
  }

  /** The primary first, whether it is there or not, then every other that is, also those that a run has made. */
  get names(): string[] {
    const others = this.made.map(({ name }) => name).filter((name) => name !== this.primary);
    return [this.primary, ...others.sort()];
  }

  /** Those that are, as Azure says it. Each asking goes through all servers of all places. */
  private get made(): ServerSummary[] {
    return this.stage.resourceManager.servers().filter(({ name }) => name.startsWith(`${this.name}-`));
  }

  /** Counted from 1. */
  replica(index: number): string {
    return `${this.name}-replica-${index}`;
  }

  /** As the application connects to the primary, past the proxy: only workers are counted. */
  get clientUrl(): string {
    const counted = new URL(readFileSync(this.stage.lab.secretFile(this.primary, 'application-url'), 'utf8'));
    counted.port = String(postgresPort);
    return counted.href;
  }

  /** Makes the primary with its application's database, and replicas. */
  async make({ sku, tier, storageGb, replicas = 0 }: PrimaryWish = {}): Promise<void> {
    const { resourceManager, lab } = this.stage;
    const administratorLoginPassword = randomBytes(12).toString('base64url');
    const server = {
      ...{ name: this.primary, sku: sku ?? production.sku, tier: tier ?? production.tier },
      ...{ storageGb: storageGb ?? production.storageGb, administratorLogin, administratorLoginPassword },
    };
    await resourceManager.seed({ server });
    const { address } = resourceManager.postgres(this.primary).options;
    const application = { role: production.applicationRole, password: 'of-the-proof', database: production.database };
    const direct = (login: string, password: string, database: string) =>
      lab.postgresUrl(login, password, address, database);
    await createApplication(direct(administratorLogin, administratorLoginPassword, 'postgres'), application);
    const url = (...login: Parameters<typeof direct>) =>
      direct(...login).replace(`:${postgresPort}/`, `:${sqlProxyPort}/`);
    await mkdir(lab.path('secrets', this.primary), { recursive: true });
    const { role, password, database } = application;
    await writeFile(lab.secretFile(this.primary, 'application-url'), url(role, password, database));
    await writeFile(
      lab.secretFile(this.primary, 'admin-url'),
      url(administratorLogin, administratorLoginPassword, database),
    );
    const names = Array.from({ length: replicas }, (_, index) => this.replica(index + 1));
    await resourceManager.seed({ server, replicas: names });
    await this.putProxies();
    this.watch = setInterval(
      () => void this.putProxies().catch((error: Error) => this.stage.warnings.push(error.message)),
      lookEveryMs,
    );
  }

  /** The servers themselves end with the lab. */
  stopProxies(): void {
    clearInterval(this.watch);
    for (const proxy of this.proxies.values()) proxy.stop();
    this.proxies.clear();
  }

  async remove(): Promise<void> {
    this.stopProxies();
    for (const server of this.names.toReversed()) {
      // One that is still busy refuses.
      const gone = async () => {
        if (!this.made.some(({ name }) => name === server)) return true;
        await this.stage.azure('DELETE', serverPath(server)).catch(() => undefined);
        return false;
      };
      await until(`${server} is deleted`, gone, { deadlineMs: 30_000, everyMs: 500 });
    }
  }

  /** Until none is busy any more: a run that was terminated leaves its operation to Azure. */
  async idle(): Promise<void> {
    const ready = () => this.made.every(({ state }) => state === 'Ready');
    await until('the servers are Ready', ready, { deadlineMs: 20_000, everyMs: 50 }).catch(() => undefined);
  }

  /**
   * All that can be seen of a server from outside, as ARM says it and as PostgreSQL itself does. One that Azure is at work on may
   * have no database to ask.
   */
  async stateOf(server: string): Promise<Record<string, string>> {
    const { sku, properties } = (await this.stage.azure('GET', serverPath(server))) as {
      sku: { name: string; tier: string };
      properties: { state: string; storage: { storageSizeGB: number }; replicationRole: string };
    };
    const ask = async () =>
      this.stage.resourceManager.postgres(server).sql<{ name: string; setting: string }>(
        `SELECT name, setting FROM pg_settings WHERE name IN ('max_connections', 'shared_buffers', 'work_mem', 'random_page_cost')
         UNION ALL SELECT 'waiting for a restart', count(*)::text FROM pg_settings WHERE pending_restart
         UNION ALL SELECT 'in recovery', pg_is_in_recovery()::text`,
      );
    const rows = await ask().catch((error: unknown) => {
      if (properties.state === 'Ready') throw error;
      return [];
    });
    return {
      ...{ 'ARM state': properties.state, 'ARM sku': sku.name, 'ARM tier': sku.tier },
      ...{ 'ARM storage': String(properties.storage.storageSizeGB), 'ARM role': properties.replicationRole },
      ...Object.fromEntries(rows.map(({ name, setting }) => [`SQL ${name}`, setting])),
    };
  }

  /** Whether that role can log in. */
  async letsIn(server: string, role: string): Promise<string> {
    const asked = this.stage.resourceManager
      .postgres(server)
      .sql<{ may: boolean }>('SELECT rolcanlogin AS may FROM pg_roles WHERE rolname = $1', [role]);
    return asked.then(
      ([row]) => String(row?.may ?? 'unknown'),
      () => 'unknown',
    );
  }

  /** "replica-1" of "proof-1-2-a1b2c3-replica-1": the name that a state's key has. */
  roleOf(server: string): string {
    return server.slice(this.name.length + 1);
  }

  /** Of the place's server at that address; undefined where it has none there. */
  roleAt(address: string): string | undefined {
    const { resourceManager } = this.stage;
    const ready = this.made.filter(({ state }) => state === 'Ready');
    const found = ready.find(({ name }) => resourceManager.postgres(name).options.address === address);
    return found && this.roleOf(found.name);
  }

  /** Before every server that answers; a replica's own Secret, where it has one, would lead past it. */
  private async putProxies(): Promise<void> {
    for (const { name, state } of this.made) {
      if (this.proxies.has(name) || state !== 'Ready') continue;
      const { address } = this.stage.resourceManager.postgres(name).options;
      const proxy = SqlProxy.listen(address, () => this.onConnection());
      this.proxies.set(name, proxy);
      if (name !== this.primary) await rm(this.stage.lab.path('secrets', name), { recursive: true, force: true });
      await proxy.listening;
    }
    const there = this.names;
    for (const [name, proxy] of this.proxies) {
      if (there.includes(name)) continue;
      this.proxies.delete(name);
      proxy.stop();
    }
  }
}

function serverPath(server: string): string {
  return `${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${server}`;
}
