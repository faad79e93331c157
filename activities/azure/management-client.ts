/**
 * FlexibleServers over Azure's own SDK: the only file that imports it.
 *
 * - Two clients. Reads are retried by the SDK (429 and 503 with Retry-After, 5xx, broken connections); changes never are:
 *   by default the SDK sends a PATCH again after a broken connection and a 500, with no read between.
 * - A poll is one plain GET of the operation's URL through the same pipeline. The SDK's poller is used for what it does
 *   well (sending the change), not for waiting: it dies of a 404, and loses the code of an operation that failed.
 */
import {
  PostgreSQLManagementFlexibleServerClient as Client,
  type Configuration,
  type Server,
} from '@azure/arm-postgresql-flexible';
import { createPipelineRequest, RestError, type PipelineResponse } from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { randomUUID } from 'node:crypto';
import type {
  Accepted,
  ChangeOptions,
  FlexibleServer,
  FlexibleServers,
  Offer,
  Operation,
  OperationState,
  Parameter,
  ResourceLock,
} from './flexible-servers';
import { openOperations, type ActivityLogEvent } from './activity-log';
import { operationOf, operationStateOf, type Reply } from './operation-state';
import { retryAfterGate } from './retry-after-gate';

export interface ManagementOptions {
  /** Such as https://management.azure.com. */
  endpoint: string;
  subscriptionId: string;
  resourceGroup: string;
  credential: TokenCredential;
}

/** A change that is not answered within this is looked for by reading: ARM answers within a few seconds. */
const changeTimeoutMs = 30_000;
const readTimeoutMs = 30_000;

const locksApiVersion = '2020-05-01';
const activityLogApiVersion = '2015-04-01';
const activityLogWindowMs = 3_600_000;

export function createFlexibleServers(options: ManagementOptions): FlexibleServers {
  const { endpoint, subscriptionId, resourceGroup, credential } = options;
  const gate = retryAfterGate();
  const client = (maxRetries: number) => {
    const made = new Client(credential, subscriptionId, {
      endpoint,
      retryOptions: { maxRetries, maxRetryDelayInMs: 4000 },
    });
    made.pipeline.addPolicy(gate, { afterPhase: 'Retry' });
    return made;
  };
  const reads = client(3);
  const once = client(0);
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
  const idOf = (server: string) => `${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${server}`;
  const read = () => ({ requestOptions: { timeout: readTimeoutMs } });

  async function begin(
    start: (options: object) => Promise<unknown>,
    { identity, accepted }: ChangeOptions,
  ): Promise<Accepted> {
    const result: Accepted & { done?: boolean } = {};
    const onResponse = (response: PipelineResponse) => {
      const reply = replyOf(response);
      if (result.done === undefined) {
        if (reply.status < 200 || reply.status > 299) return;
        result.done = true;
        result.operation = operationOf(reply);
        if (result.operation) accepted?.(result.operation);
        else result.state = { status: 'succeeded' };
      } else {
        // The SDK polls once by itself; only that first poll is an operation's state.
        result.state ??= operationStateOf(reply);
      }
    };
    const customHeaders = {
      'x-ms-correlation-request-id': identity.correlationId,
      'x-ms-client-request-id': identity.clientRequestId,
    };
    try {
      await start({ onResponse, requestOptions: { timeout: changeTimeoutMs, customHeaders } });
    } catch (error) {
      // Accepted, and then the SDK's own poll failed or said that the operation did: the caller polls by itself.
      if (!result.done) throw error;
    }
    const { operation, state } = result;
    return { ...(operation ? { operation } : {}), ...(state ? { state } : {}) };
  }

  async function get(from: Client, url: string): Promise<PipelineResponse> {
    const request = createPipelineRequest({ url, method: 'GET', timeout: readTimeoutMs, requestId: randomUUID() });
    request.headers.set('Accept', 'application/json');
    return from.sendRequest(request);
  }

  async function list(path: string, query: Record<string, string>): Promise<unknown[]> {
    const found: unknown[] = [];
    let url: string | undefined = `${endpoint}${path}?${new URLSearchParams(query).toString()}`;
    while (url && found.length < 1000) {
      const response = await get(reads, url);
      if (response.status !== 200) throw noAnswer(response);
      const page = JSON.parse(response.bodyAsText ?? '{}') as { value?: unknown[]; nextLink?: string };
      found.push(...(page.value ?? []));
      url = page.nextLink;
    }
    return found;
  }

  return {
    readServer: async (server) => serverOf(await reads.servers.get(resourceGroup, server, read())),

    async readReplicas(server) {
      const replicas = await collect(reads.replicas.listByServer(resourceGroup, server, read()));
      return replicas.flatMap(({ name }) => (name ? [name] : [])).sort();
    },

    readParameter: async (server, name) =>
      parameterOf(await reads.configurations.get(resourceGroup, server, name, read())),

    async readParameters(server) {
      const all = await collect(reads.configurations.listByServer(resourceGroup, server, read()));
      return all.map(parameterOf);
    },

    async readOffers(server) {
      const capabilities = await collect(reads.capabilitiesByServer.list(resourceGroup, server, read()));
      const offers = capabilities
        .flatMap(({ supportedServerEditions }) => supportedServerEditions ?? [])
        .flatMap(({ name: tier, supportedServerSkus }) =>
          (supportedServerSkus ?? []).map(({ name, vCores = 0, supportedMemoryPerVcoreMb = 0 }): Offer => {
            return { sku: name ?? '', tier: tier ?? '', vCores, memoryGb: (vCores * supportedMemoryPerVcoreMb) / 1024 };
          }),
        );
      return [...new Map(offers.map((offer) => [`${offer.tier} ${offer.sku}`, offer])).values()];
    },

    async readBackups(server) {
      const all = await collect(reads.backupsAutomaticAndOnDemand.listByServer(resourceGroup, server, read()));
      return all.flatMap(({ completedTime, source }) =>
        completedTime ? [{ completedAt: completedTime.toISOString(), automatic: source === 'Automatic' }] : [],
      );
    },

    async readLocks(server) {
      // A list at the server's scope shows what it inherits as well, and what locks only something below it.
      const path = `${idOf(server)}/providers/Microsoft.Authorization/locks`;
      const locks = (await list(path, { 'api-version': locksApiVersion })).map(lockOf);
      return locks.filter(({ scope }) => isWithin(idOf(server), scope));
    },

    async readOpenOperations(server) {
      const since = new Date(Date.now() - activityLogWindowMs).toISOString();
      const path = `/subscriptions/${subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values`;
      const filter = `eventTimestamp ge '${since}' and resourceUri eq '${idOf(server)}'`;
      const events = await list(path, { 'api-version': activityLogApiVersion, $filter: filter });
      return openOperations(events as ActivityLogEvent[]);
    },

    changeSize: (server, { sku, tier }, change) =>
      begin((sdk) => once.servers.beginUpdate(resourceGroup, server, { sku: { name: sku, tier } }, sdk), change),

    changeStorage: (server, storageSizeGB, change) =>
      begin((sdk) => once.servers.beginUpdate(resourceGroup, server, { storage: { storageSizeGB } }, sdk), change),

    changeParameter: (server, { name, value }, change) =>
      begin(
        (sdk) => once.configurations.beginUpdate(resourceGroup, server, name, { value, source: 'user-override' }, sdk),
        change,
      ),

    createReplica: ({ source, replica, location, tags }, change) =>
      begin((sdk) => {
        const body = { location, tags, createMode: 'Replica', sourceServerResourceId: source.id };
        return once.servers.beginCreateOrUpdate(resourceGroup, replica, body, sdk);
      }, change),

    deleteServer: (server, change) => begin((sdk) => once.servers.beginDelete(resourceGroup, server, sdk), change),

    restart: (server, change) => begin((sdk) => once.servers.beginRestart(resourceGroup, server, sdk), change),

    async pollOperation({ url }: Operation): Promise<OperationState> {
      const response = await get(once, url);
      const state = operationStateOf(replyOf(response));
      if (!state) throw noAnswer(response);
      return state;
    },
  };
}

async function collect<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of pages) all.push(item);
  return all;
}

function replyOf(response: PipelineResponse): Reply {
  return {
    status: response.status,
    header: (name) => response.headers.get(name),
    body: response.bodyAsText ?? '',
  };
}

function noAnswer(response: PipelineResponse): RestError {
  const { status, request } = response;
  return new RestError(`answered ${status}`, { statusCode: status, request, response });
}

function serverOf(server: Server): FlexibleServer {
  const role = server.replica?.role ?? server.replicationRole ?? 'None';
  const source = role === 'Primary' || role === 'None' ? undefined : server.sourceServerResourceId?.split('/').at(-1);
  const earliest = server.backup?.earliestRestoreDate;
  return {
    name: server.name ?? '',
    id: server.id ?? '',
    location: (server.location ?? '').replaceAll(' ', '').toLowerCase(),
    sku: server.sku?.name ?? '',
    tier: server.sku?.tier ?? '',
    storageGb: server.storage?.storageSizeGB ?? 0,
    state: server.state ?? 'unknown',
    role,
    ...(source ? { source } : {}),
    highAvailability: server.highAvailability?.mode ?? 'Disabled',
    version: server.version ?? '',
    host: server.fullyQualifiedDomainName ?? '',
    tags: server.tags ?? {},
    ...(earliest ? { earliestRestoreDate: earliest.toISOString() } : {}),
  };
}

function parameterOf(configuration: Configuration): Parameter {
  const { name = '', value = '', defaultValue = '', source = '', unit, isConfigPendingRestart = false } = configuration;
  return { name, value, defaultValue, source, ...(unit ? { unit } : {}), pendingRestart: isConfigPendingRestart };
}

function lockOf(value: unknown): ResourceLock {
  const lock = value as { id?: string; name?: string; properties?: { level?: string } };
  const scope = (lock.id ?? '').replace(/\/providers\/Microsoft\.Authorization\/locks\/[^/]*$/i, '');
  return { name: lock.name ?? '', level: lock.properties?.level ?? '', scope };
}

function isWithin(id: string, scope: string): boolean {
  const [inner, outer] = [id.toLowerCase(), scope.toLowerCase()];
  return inner === outer || inner.startsWith(`${outer}/`);
}
