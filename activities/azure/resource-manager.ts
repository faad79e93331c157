/**
 * What talking to Azure Resource Manager is like, whatever the resource: for the adapters over Azure's SDKs.
 *
 * - Two clients. Reads are retried by the SDK (429 and 503 with Retry-After, 5xx, broken connections); changes never are:
 *   by default the SDK sends a PATCH again after a broken connection and a 500, with no read between.
 * - A poll is one plain GET of the operation's URL through the same pipeline. The SDK's poller is used for what it does
 *   well (sending the change), not for waiting: it dies of a 404, and loses the code of an operation that failed.
 */
import {
  createPipelineRequest,
  type Pipeline,
  type PipelineRequest,
  type PipelineResponse,
  RestError,
} from '@azure/core-rest-pipeline';
import type { TokenCredential } from '@azure/identity';
import { randomUUID } from 'node:crypto';
import { openOperations, type ActivityLogEvent } from './activity-log';
import type { Accepted, ChangeOptions, LoggedOperation, Operation, OperationState, ResourceLock } from './operations';
import { operationOf, operationStateOf, type Reply } from './operation-state';
import { retryAfterGate } from './retry-after-gate';

export interface ManagementOptions {
  /** Such as https://management.azure.com. */
  endpoint: string;
  subscriptionId: string;
  resourceGroup: string;
  credential: TokenCredential;
}

/** A client of one of Azure's SDKs. */
export interface SdkClient {
  pipeline: Pipeline;
  sendRequest(request: PipelineRequest): Promise<PipelineResponse>;
}

/** A change that is not answered within this is looked for by reading: ARM answers within a few seconds. */
const changeTimeoutMs = 30_000;
const readTimeoutMs = 30_000;

const locksApiVersion = '2020-05-01';
const activityLogApiVersion = '2015-04-01';
const activityLogWindowMs = 3_600_000;

/** `make`: a client that endpoint and retries are given to. */
export function resourceManager<Client extends SdkClient>(
  { endpoint, subscriptionId }: ManagementOptions,
  make: (options: { endpoint: string; retryOptions: { maxRetries: number; maxRetryDelayInMs: number } }) => Client,
) {
  const gate = retryAfterGate();
  const client = (maxRetries: number) => {
    const made = make({ endpoint, retryOptions: { maxRetries, maxRetryDelayInMs: 4000 } });
    made.pipeline.addPolicy(gate, { afterPhase: 'Retry' });
    return made;
  };
  const reads = client(3);
  const once = client(0);

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

  async function get(from: SdkClient, url: string): Promise<PipelineResponse> {
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
    /** For reads, which it tries again. */
    reads,
    /** For changes, which it sends once. */
    once,
    /** Options of a read. */
    read: () => ({ requestOptions: { timeout: readTimeoutMs } }),
    begin,

    /** On the resource, and those that it inherits. */
    async locksOf(id: string): Promise<ResourceLock[]> {
      // A list at the resource's scope shows what it inherits as well, and what locks only something below it.
      const locks = await list(`${id}/providers/Microsoft.Authorization/locks`, { 'api-version': locksApiVersion });
      return locks.map(lockOf).filter(({ scope }) => isWithin(id, scope));
    },

    async openOperationsOf(id: string): Promise<LoggedOperation[]> {
      const since = new Date(Date.now() - activityLogWindowMs).toISOString();
      const path = `/subscriptions/${subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values`;
      const filter = `eventTimestamp ge '${since}' and resourceUri eq '${id}'`;
      const events = await list(path, { 'api-version': activityLogApiVersion, $filter: filter });
      return openOperations(events as ActivityLogEvent[]);
    },

    async pollOperation({ url }: Operation): Promise<OperationState> {
      const response = await get(once, url);
      const state = operationStateOf(replyOf(response));
      if (!state) throw noAnswer(response);
      return state;
    },
  };
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

function lockOf(value: unknown): ResourceLock {
  const lock = value as { id?: string; name?: string; properties?: { level?: string } };
  const scope = (lock.id ?? '').replace(/\/providers\/Microsoft\.Authorization\/locks\/[^/]*$/i, '');
  return { name: lock.name ?? '', level: lock.properties?.level ?? '', scope };
}

function isWithin(id: string, scope: string): boolean {
  const [inner, outer] = [id.toLowerCase(), scope.toLowerCase()];
  return inner === outer || inner.startsWith(`${outer}/`);
}
