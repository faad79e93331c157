/** Reading INFO (redis.io/commands/info), of an application's Redis, a cache or a cluster's node. Pure. */
import type { CacheReading } from '../caches/contract';

/** `name:value` of INFO and CLUSTER INFO. */
export function fieldOf(info: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
}

export function readingOf(info: string): CacheReading {
  const number = (name: string) => Number(fieldOf(info, name) ?? 0);
  return {
    runId: fieldOf(info, 'run_id') ?? '',
    usedMemoryBytes: number('used_memory'),
    maxMemoryBytes: number('maxmemory'),
    clients: number('connected_clients'),
    evictedKeys: number('evicted_keys'),
    hits: number('keyspace_hits'),
    misses: number('keyspace_misses'),
  };
}
