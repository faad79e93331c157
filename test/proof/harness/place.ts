/** The production of one case: servers with names of their own, and the ways to ask them that know nothing of a run. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { postgresPort } from '../../../lab/addresses/network';
import { createApplication } from '../../../lab/daemon/application';
import { production } from '../../../lab/lab';
import { Traffic } from '../../../lab/traffic/traffic';
import { until } from '../../../lab/processes';
import { SqlProxy, sqlProxyPort } from './sql-proxy';
import type { Stage } from './stage';

const administratorLogin = 'proofadmin';
const group = `/subscriptions/${production.subscriptionId}/resourceGroups/${production.resourceGroup}`;

export interface PrimaryWish {
  sku?: string;
  tier?: string;
  storageGb?: number;
  replicas?: number;
}

export class Place {
  readonly primary: string;
  readonly replicas: string[] = [];
  readonly traffic: Traffic;
  /** Called when a worker connects to one of the servers, before it gets through. */
  onSql: () => void = () => undefined;
  private readonly proxies: SqlProxy[] = [];

  constructor(
    readonly stage: Stage,
    readonly name: string,
  ) {
    this.primary = `${name}-primary`;
    // Its clients go straight to the server: only workers are counted.
    const url = () => {
      const counted = new URL(readFileSync(stage.lab.secretFile(this.primary, 'application-url'), 'utf8'));
      counted.port = String(postgresPort);
      return counted.href;
    };
    this.traffic = new Traffic(stage.lab.path('traffic', name), url);
  }

  get servers(): string[] {
    return [this.primary, ...this.replicas];
  }

  /** Makes the primary with its application's database, and replicas. */
  async makeServers({ sku, tier, storageGb, replicas = 0 }: PrimaryWish = {}): Promise<void> {
    const { resourceManager, lab } = this.stage;
    const administratorLoginPassword = randomBytes(12).toString('base64url');
    for (let index = 1; index <= replicas; index++) this.replicas.push(`${this.name}-replica-${index}`);
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
    await resourceManager.seed({ server, replicas: this.replicas });
    for (const name of this.servers) {
      const { address: host } = resourceManager.postgres(name).options;
      this.proxies.push(await SqlProxy.start(host, () => this.onSql()));
      // A replica's own Secret, where it has one, would lead past its proxy.
      if (name !== this.primary) await rm(lab.path('secrets', name), { recursive: true, force: true });
    }
  }

  async remove(): Promise<void> {
    await this.traffic.stop().catch(() => undefined);
    for (const proxy of this.proxies.splice(0)) proxy.stop();
    for (const server of [...this.replicas, this.primary]) {
      // One that is still busy refuses.
      const gone = async () => {
        if (!this.stage.resourceManager.servers().some(({ name }) => name === server)) return true;
        await this.azure('DELETE', serverPath(server)).catch(() => undefined);
        return false;
      };
      await until(`${server} is deleted`, gone, { deadlineMs: 30_000, everyMs: 500 });
    }
  }

  /** Until no server is busy any more: a run that was terminated leaves its operation to Azure. */
  async idle(): Promise<void> {
    const busy = () =>
      this.stage.resourceManager.servers().some(({ name, state }) => this.servers.includes(name) && state !== 'Ready');
    await until('the servers are Ready', () => !busy(), { deadlineMs: 20_000, everyMs: 50 }).catch(() => undefined);
  }

  /** All that can be seen of a server from outside, as ARM says it and as PostgreSQL itself does. */
  async stateOf(server: string): Promise<Record<string, string>> {
    const { sku, properties } = (await this.azure('GET', serverPath(server))) as {
      sku: { name: string; tier: string };
      properties: { state: string; storage: { storageSizeGB: number }; replicationRole: string };
    };
    const rows = await this.stage.resourceManager.postgres(server).sql<{ name: string; setting: string }>(
      `SELECT name, setting FROM pg_settings WHERE name IN ('max_connections', 'shared_buffers', 'work_mem', 'random_page_cost')
       UNION ALL SELECT 'waiting for a restart', count(*)::text FROM pg_settings WHERE pending_restart
       UNION ALL SELECT 'in recovery', pg_is_in_recovery()::text`,
    );
    return {
      ...{ 'ARM state': properties.state, 'ARM sku': sku.name, 'ARM tier': sku.tier },
      ...{ 'ARM storage': String(properties.storage.storageSizeGB), 'ARM role': properties.replicationRole },
      ...Object.fromEntries(rows.map(({ name, setting }) => [`SQL ${name}`, setting])),
    };
  }

  /** Changes in Azure's activity log under these correlation ids: operation → correlation id. */
  async audited(correlationIds: string[]): Promise<Map<string, string>> {
    const path = `/subscriptions/${production.subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values`;
    const found = new Map<string, string>();
    for (const id of correlationIds) {
      const since = new Date(Date.now() - 3_600_000).toISOString();
      const filter = encodeURIComponent(`eventTimestamp ge '${since}' and correlationId eq '${id}'`);
      const { value } = (await this.azure('GET', path, undefined, `api-version=2015-04-01&$filter=${filter}`)) as {
        value: { operationId: string; correlationId: string }[];
      };
      for (const event of value) found.set(event.operationId, event.correlationId);
    }
    return found;
  }

  /** One request to ARM that is nobody's run. Throws unless it is answered 2xx. */
  async azure(method: string, path: string, body?: object, query = 'api-version=2025-08-01'): Promise<unknown> {
    const { lab } = this.stage;
    const url = new URL(`${lab.resourceManager}${path}?${query}`);
    const headers = { authorization: 'Bearer lab', ...(body && { 'content-type': 'application/json' }) };
    const asked = request(url, { method, ca: readFileSync(lab.authorityFile), agent: false, headers });
    asked.end(body && JSON.stringify(body));
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => (text += part));
    await once(response, 'end');
    if (response.statusCode! >= 300) throw new Error(`${method} ${path}: ${response.statusCode} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}

export function serverPath(server: string): string {
  return `${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${server}`;
}
