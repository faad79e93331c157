/** Reading INFO (redis.io/commands/info). Pure. */
import type { CacheReading } from '../caches/contract';

export function readingOf(info: string): CacheReading {
  const text = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  const number = (name: string) => Number(text(name) ?? 0);
  return {
    runId: text('run_id') ?? '',
    usedMemoryBytes: number('used_memory'),
    maxMemoryBytes: number('maxmemory'),
    clients: number('connected_clients'),
    evictedKeys: number('evicted_keys'),
    hits: number('keyspace_hits'),
    misses: number('keyspace_misses'),
  };
}
