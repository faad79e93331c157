/** A lab's Azure endpoint with its own PostgreSQL servers, in this process, and clients for it. */
import { PostgreSQLManagementFlexibleServerClient } from '@azure/arm-postgresql-flexible';
import { readFileSync } from 'node:fs';
import { request as httpsRequest } from 'node:https';
import { Authority } from '../../lab/authority/authority';
import { createResourceManager, type LoggedRequest, type ResourceManager, type Seed } from '../../lab/azure';
import { LabCaches } from '../../lab/daemon/cache-factory';
import { LabServers } from '../../lab/daemon/server-factory';
import type { Lab } from '../../lab/lab';
import { until } from '../../lab/processes';
import { makeScratchLab, removeScratchLab } from './scratch-lab';

export const subscription = '00000000-0000-0000-0000-000000000000';
export const group = 'test-rg';

/** The fields of Azure's replies that the tests read, all of them as if they were there. */
export interface Body {
  id: string;
  name: string;
  sku: { name: string };
  tags: Record<string, string>;
  status: string;
  error: { code: string; message: string };
  properties: {
    state: string;
    members: string[];
    completedTime: string;
    backup: { earliestRestoreDate?: string };
  };
  value: Body[];
  supportedServerEditions: { supportedServerSkus: { name: string }[] }[];
  caller: string;
  correlationId: string;
  operationName: { value: string };
}

export interface Answer {
  status: number;
  headers: Record<string, string | undefined>;
  text: string;
  body: Body;
}

export class AzureLab {
  resourceManager!: ResourceManager;
  url = '';
  readonly client: () => PostgreSQLManagementFlexibleServerClient;
  private readonly certificate: string;

  private constructor(
    readonly lab: Lab,
    private readonly authority: Authority,
    private readonly timeFactor: number,
    readonly warnings: string[],
  ) {
    this.certificate = readFileSync(lab.authorityFile, 'utf8');
    this.client = () =>
      new PostgreSQLManagementFlexibleServerClient(
        { getToken: () => Promise.resolve({ token: 'lab', expiresOnTimestamp: Date.now() + 3_600_000 }) },
        subscription,
        { endpoint: this.url, tlsOptions: { ca: this.certificate }, retryOptions: { maxRetries: 0 } },
      );
  }

  static async start(timeFactor: number): Promise<AzureLab> {
    const lab = await makeScratchLab();
    const azure = new AzureLab(lab, await Authority.open(lab.authorityFolder), timeFactor, []);
    await azure.startDaemon();
    return azure;
  }

  /** As a daemon that is started (again): from what lies in the lab's folder. */
  async startDaemon(): Promise<void> {
    const host = this.lab.network.services;
    this.resourceManager = createResourceManager({
      ...{ host, port: 0, ...(await this.authority.issue([host])), subscriptionId: subscription, resourceGroup: group },
      ...{ location: 'westus', timeFactor: this.timeFactor, memoryFactor: 64, folder: this.lab.path('azure') },
      isTokenValid: (token) => token === 'lab',
      servers: new LabServers(this.lab, this.authority),
      caches: new LabCaches(this.lab, this.authority),
      warn: (text) => this.warnings.push(text),
    });
    this.url = (await this.resourceManager.listen()).url;
  }

  async stop(): Promise<void> {
    await this.resourceManager.close();
    await removeScratchLab(this.lab);
  }

  seed(server: Partial<Seed['server']>, replicas: string[] = []): Promise<void> {
    return this.resourceManager.seed({
      server: {
        ...{ name: 'primary', sku: 'Standard_D2ds_v4', tier: 'GeneralPurpose', storageGb: 64 },
        ...{ administratorLogin: 'operator', administratorLoginPassword: 'Secret-1234', ...server },
      },
      replicas,
    });
  }

  /** One setting of a server's PostgreSQL. */
  async setting(server: string, name: string): Promise<string> {
    const [row] = await this.resourceManager
      .postgres(server)
      .sql<{ value: string }>('SELECT current_setting($1) AS value', [name]);
    return row!.value;
  }

  async startedAt(server: string): Promise<string> {
    const [row] = await this.resourceManager
      .postgres(server)
      .sql<{ at: string }>('SELECT pg_postmaster_start_time()::text AS at');
    return row!.at;
  }

  /** Path of a server, or of something below it. */
  path(server: string, rest = ''): string {
    return `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${server}${rest}`;
  }

  /** A request without any SDK. Rejects when the connection ends without a reply. */
  ask(
    method: string,
    path: string,
    options: { body?: unknown; raw?: string; headers?: Record<string, string>; query?: string } = {},
  ): Promise<Answer> {
    const {
      body,
      raw = body === undefined ? undefined : JSON.stringify(body),
      headers,
      query = 'api-version=2025-08-01',
    } = options;
    const url = path.startsWith('https') ? path : `${this.url}${path}${query ? `?${query}` : ''}`;
    return new Promise((resolve, reject) => {
      const request = httpsRequest(
        url,
        {
          ...{ method, ca: this.certificate, agent: false },
          headers: {
            authorization: 'Bearer lab',
            ...(raw === undefined ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk: string) => (text += chunk));
          response.on('end', () =>
            resolve({
              status: response.statusCode!,
              headers: response.headers as Answer['headers'],
              text,
              body: parse(text),
            }),
          );
        },
      );
      request.on('error', reject);
      request.end(raw);
    });
  }

  /** Sends a mutation that is accepted and waits for its operation's end. Returns status and error. */
  async change(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: string; error?: { code: string; message: string } }> {
    const accepted = await this.ask(method, path, { body });
    if (accepted.status !== 202) throw new Error(`${method} ${path} was answered ${accepted.status} ${accepted.text}`);
    return this.ended(accepted.headers['azure-asyncoperation']!);
  }

  async ended(operationUrl: string): Promise<{ status: string; error?: { code: string; message: string } }> {
    let poll = await this.ask('GET', operationUrl);
    await until(
      'the operation ends',
      async () => {
        if (poll.body.status !== 'InProgress') return true;
        poll = await this.ask('GET', operationUrl);
        return false;
      },
      { deadlineMs: 50_000, everyMs: 50 },
    );
    return poll.body;
  }

  mutations(server: string): LoggedRequest[] {
    return this.resourceManager
      .requests()
      .filter((request) => request.server === server && !['GET', 'HEAD'].includes(request.method));
  }
}

/** Undefined, whatever the type says, for a reply that is not JSON. */
function parse(text: string): Body {
  try {
    return JSON.parse(text) as Body;
  } catch {
    return undefined as unknown as Body;
  }
}
