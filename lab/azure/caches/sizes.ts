/**
 * Sizes of Azure Cache for Redis, and what a size means for its server. Pure.
 *
 * Source of memory and client limits: azure.microsoft.com/pricing/details/cache and learn.microsoft.com, cache-planning-faq
 * ("Azure Cache for Redis performance"); of what is reserved by default: caches that Azure made in January 2025 (recorded by
 * Azure/azure-cli: 642 MB of a P1, 30 MB of a C0).
 */
import type { RedisSettings } from '../../redis/files';
import type { CacheSku, RedisCache } from './record';

export interface CacheSize {
  family: CacheSku['family'];
  capacity: number;
  memoryMb: number;
  maxClients: number;
}

const size = (family: CacheSize['family'], capacity: number, gb: number, maxClients: number): CacheSize => ({
  ...{ family, capacity, maxClients },
  memoryMb: gb * 1024,
});

export const cacheSizes: CacheSize[] = [
  { ...size('C', 0, 0, 256), memoryMb: 250 },
  size('C', 1, 1, 1000),
  size('C', 2, 2.5, 2000),
  size('C', 3, 6, 5000),
  size('C', 4, 13, 10_000),
  size('C', 5, 26, 15_000),
  size('C', 6, 53, 20_000),
  size('P', 1, 6, 7500),
  size('P', 2, 13, 15_000),
  size('P', 3, 26, 30_000),
  size('P', 4, 53, 40_000),
  size('P', 5, 120, 40_000),
];

/** Undefined for a family that the tier does not have, and for a capacity that the family does not have. */
export function findCacheSize({ name, family, capacity }: CacheSku): CacheSize | undefined {
  if ((name === 'Premium') !== (family === 'P')) return undefined;
  return cacheSizes.find((one) => one.family === family && one.capacity === capacity);
}

/** Throws for a size that no cache can have. */
export function sizeOf(sku: CacheSku): CacheSize {
  const found = findCacheSize(sku);
  if (!found) throw new Error(`there is no cache ${sku.name} ${sku.family}${sku.capacity}`);
  return found;
}

/** A tenth of the memory, and as much again for fragmentation; MB. */
export function defaultReservedMb({ memoryMb, capacity }: CacheSize): number {
  return capacity === 0 ? 30 : Math.round((memoryMb / 1024) * 107);
}

/** Between 10 and 60 % of the memory (learn.microsoft.com, cache-best-practices-memory-management); MB. */
export function allowedReservedMb(wanted: number, of: CacheSize): number {
  return Math.min(Math.round(of.memoryMb * 0.6), Math.max(defaultReservedMb(of), Math.round(wanted)));
}

/** Azure's own default. */
const defaultPolicy = 'volatile-lru';
/** Redis itself takes 1 MB, and must not begin to evict for that. */
const leastMaxmemory = 4 * 1024 * 1024;

/**
 * What is left of the memory for data. A cache with shards is one server here, with the memory and the clients of all of
 * them together.
 */
export function settingsOf(cache: RedisCache, memoryFactor: number): RedisSettings {
  const { memoryMb, maxClients } = sizeOf(cache.sku);
  const shards = cache.shardCount ?? 1;
  const reserved = Number(cache.configuration['maxmemory-reserved']);
  const fragmented = Number(cache.configuration['maxfragmentationmemory-reserved']);
  const bytes = ((memoryMb - reserved - fragmented) * 1024 * 1024 * shards) / memoryFactor;
  return {
    maxmemory: Math.max(leastMaxmemory, Math.floor(bytes)),
    maxclients: maxClients,
    maxmemoryPolicy: cache.configuration['maxmemory-policy'] ?? defaultPolicy,
    plainPort: cache.enableNonSslPort,
  };
}
