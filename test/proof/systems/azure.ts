/**
 * Azure Resource Manager's requests: by the endpoint's own log. A request is accepted when it began an operation that was not
 * refused as busy or impossible; the audit record is the activity log's event of that operation.
 */
import { targetOf } from '../../../catalogue';
import type { LoggedRequest } from '../../../lab/azure';
import { production } from '../../../lab/lab';
import type { Arrival, SeenRequest } from '../harness/request';
import type { Stage } from '../harness/stage';

/** The endpoint goes on writing into `logged` until the operation is over. */
export function arrivalAtAzure(logged: LoggedRequest): Arrival {
  const isMutation = logged.method !== 'GET' && logged.method !== 'HEAD';
  return { isMutation, seen: () => seen(logged, isMutation) };
}

function seen(logged: LoggedRequest, isMutation: boolean): SeenRequest {
  const { method, path, server, body, correlationId, operation, operationStatus, operationMs, fault } = logged;
  const at = Date.parse(logged.at);
  return {
    ...{ system: 'azure', at, method, path, correlationId, isMutation, record: logged },
    ...(logged.latencyMs !== undefined && { answeredAt: at + logged.latencyMs }),
    ...(server !== undefined && { resource: targetOf(isOfCache(path) ? 'redis' : 'postgres', server) }),
    effect: `${method} ${path} ${JSON.stringify(body ?? null)}`,
    sets: valuesIn(body),
    isAccepted: isMutation && operation !== undefined && logged.operationRefused !== true,
    endedInFailure: operationStatus === 'Failed' || operationStatus === 'Canceled',
    ...(operationMs !== undefined && { endedAt: at + operationMs }),
    ...(operation !== undefined && { auditId: operation }),
    ...(fault !== undefined && { fault }),
  };
}

function valuesIn(body: unknown): string[] {
  const { sku, properties } = (body ?? {}) as {
    sku?: { name?: string };
    properties?: {
      value?: string;
      storage?: { storageSizeGB?: number };
      sku?: { family: string; capacity: number };
      shardCount?: number;
      redisConfiguration?: Record<string, string>;
    };
  };
  if (sku?.name) return [sku.name.replace(/^Standard_/, '')];
  const { sku: size, shardCount, redisConfiguration } = properties ?? {};
  if (size) return [`${size.family}${size.capacity}`];
  if (shardCount !== undefined) return [`${shardCount} shards`];
  if (redisConfiguration) return [redisConfiguration['maxmemory-reserved'] ?? 'nothing reserved'];
  const gigabytes = properties?.storage?.storageSizeGB;
  if (gigabytes !== undefined) return [`${gigabytes} GiB`];
  return properties?.value === undefined ? [] : [properties.value];
}

function isOfCache(path: string): boolean {
  return /\/microsoft\.cache\/redis\//i.test(path);
}

/** Changes in Azure's activity log under these correlation ids: operation → correlation id. */
export async function auditedByAzure(stage: Stage, correlationIds: string[]): Promise<Map<string, string>> {
  const path = `/subscriptions/${production.subscriptionId}/providers/Microsoft.Insights/eventtypes/management/values`;
  const found = new Map<string, string>();
  for (const id of correlationIds) {
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const filter = encodeURIComponent(`eventTimestamp ge '${since}' and correlationId eq '${id}'`);
    const { value } = (await stage.azure('GET', path, `api-version=2015-04-01&$filter=${filter}`)) as {
      value: { operationId: string; correlationId: string }[];
    };
    for (const event of value) found.set(event.operationId, event.correlationId);
  }
  return found;
}
