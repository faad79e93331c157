/** What a run did to Azure, read from Azure's own log of requests. Pure. */
import { requestIdentity } from '../../../activities/request-identity';
import type { LoggedRequest } from '../../../lab/azure';

/** Every change that a run asked for, in order; each of its requests carries the id that belongs to its workflow id. */
export function mutationsOf(requests: LoggedRequest[], workflowId: string): LoggedRequest[] {
  const { correlationId } = requestIdentity({ workflowId, runId: '', activityId: '' });
  return requests.filter((request) => request.method !== 'GET' && request.correlationId === correlationId);
}

/** A 2xx whose operation was not refused: also where its answer was lost. */
export function isAccepted({ operation, operationRefused }: LoggedRequest): boolean {
  return operation !== undefined && operationRefused !== true;
}

interface Body {
  sku?: { name?: string };
  properties?: {
    value?: string;
    createMode?: string;
    replica?: { role?: string };
    storage?: { storageSizeGB?: number };
    sku?: { family: string; capacity: number };
    shardCount?: number;
    redisConfiguration?: Record<string, string>;
  };
}

/**
 * Such as "db-1 max_connections 3437", "db-1 D8ds_v4", "db-1 512 GiB", "db-2 made as a replica", "db-2 promoted", "db-2 deleted", "cache-1 P3",
 * "cache-1 5200 MB reserved".
 */
export function inWords({ method, resource, server, body }: LoggedRequest): string {
  const { sku, properties } = (body ?? {}) as Body;
  const { sku: cacheSku, shardCount, redisConfiguration } = properties ?? {};
  if (method === 'DELETE') return `${server} deleted`;
  if (properties?.createMode === 'Replica') {
    return [server, 'made as a replica', sku?.name?.replace(/^Standard_/, '')].filter(Boolean).join(' ');
  }
  if (properties?.replica?.role === 'Primary') return `${server} promoted`;
  const rule = /\/firewallRules\/([^/]+)$/i.exec(resource)?.[1];
  if (rule) return `${server} lets in ${rule}`;
  const parameter = /\/configurations\/([^/]+)$/.exec(resource)?.[1];
  const what =
    (parameter && `${parameter} ${properties?.value}`) ??
    sku?.name?.replace(/^Standard_/, '') ??
    (cacheSku && `${cacheSku.family}${cacheSku.capacity}`) ??
    (shardCount && `${shardCount} shards`) ??
    (redisConfiguration && `${redisConfiguration['maxmemory-reserved']} MB reserved`) ??
    (properties?.storage ? `${properties.storage.storageSizeGB} GiB` : `${method} ${resource}`);
  return `${server} ${what}`;
}

export interface Interval {
  run: string;
  from: number;
  to: number;
}

/** From a run's first change to the last answer that it got to a question about one of them. */
export function mutationInterval(requests: LoggedRequest[], workflowId: string): Interval | undefined {
  const mutations = mutationsOf(requests, workflowId);
  if (mutations.length === 0) return undefined;
  const operations = mutations.flatMap(({ operation }) => operation ?? []);
  const about = requests.filter(({ path }) => operations.some((operation) => path.toLowerCase().includes(operation)));
  const times = [...mutations, ...about].map(({ at }) => Date.parse(at));
  return { run: workflowId, from: Math.min(...times), to: Math.max(...times) };
}

/** Pairs of intervals that have a moment in common. */
export function overlaps(intervals: Interval[]): [Interval, Interval][] {
  const sorted = [...intervals].sort((one, other) => one.from - other.from);
  return sorted.flatMap((one, index) =>
    sorted.slice(index + 1).flatMap((other): [Interval, Interval][] => (other.from < one.to ? [[one, other]] : [])),
  );
}
