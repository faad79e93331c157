/** Is a cache what it is to be? Pure, table-tested. */
import { findCacheSize } from '../../catalogue';
import type { AzureCache } from '../azure/caches';
import type { CacheBefore, CacheReading, CacheShape, Reserved, Wanted } from './contract';

/** Azure rounds sizes; more than this is another size. */
const toleranceShare = 0.02;

export function isNear(one: number, other: number): boolean {
  return Math.abs(one - other) <= toleranceShare * Math.max(one, other);
}

/** Memory for data by the sizes' table, MB. */
export function usableMb({ size, shards = 1, reserved }: CacheShape): number {
  return ((findCacheSize(size)?.memoryMb ?? 0) - reserved.maxmemory - reserved.fragmentation) * shards;
}

export function reservedOf({ configuration }: AzureCache): Reserved {
  const number = (name: string) => Number(configuration[name] ?? 0);
  return { maxmemory: number('maxmemory-reserved'), fragmentation: number('maxfragmentationmemory-reserved') };
}

export function isReserved(one: Reserved, other: Reserved): boolean {
  return one.maxmemory === other.maxmemory && one.fragmentation === other.fragmentation;
}

/** What is not so yet; empty when all is. */
export function notYet(
  { wanted, since }: { wanted: Wanted; since?: CacheBefore },
  azure: AzureCache,
  live: CacheReading,
): string[] {
  const { shape, maxMemoryBytes } = wanted;
  const shards = shape.shards ?? 1;
  return [
    ...(azure.state === 'Ready' ? [] : [`ARM says ${azure.state}`]),
    ...(azure.tier === shape.tier && azure.size === shape.size ? [] : [`ARM says ${azure.sku}`]),
    ...((azure.shards ?? 1) === shards ? [] : [`ARM says ${azure.shards ?? 1} shards`]),
    ...(shape.tier === 'Basic' || isReserved(shape.reserved, reservedOf(azure))
      ? []
      : [`ARM says ${reservedOf(azure).maxmemory} + ${reservedOf(azure).fragmentation} MB reserved`]),
    ...(maxMemoryBytes === undefined || isNear(live.maxMemoryBytes, maxMemoryBytes)
      ? []
      : [`the server has ${megabytes(live.maxMemoryBytes)} for data, not ${megabytes(maxMemoryBytes)}`]),
    ...(since ? hasFollowed(shape, since, live) : []),
  ];
}

/** More where there should be more, less where less: Azure's own arithmetic is not known. */
function hasFollowed(shape: CacheShape, since: CacheBefore, live: CacheReading): string[] {
  const [was, is] = [usableMb(since.shape), usableMb(shape)];
  if (isNear(was, is) || since.maxMemoryBytes === 0) return [];
  const followed = is > was ? live.maxMemoryBytes > since.maxMemoryBytes : live.maxMemoryBytes < since.maxMemoryBytes;
  return followed ? [] : [`the server still has ${megabytes(live.maxMemoryBytes)} for data`];
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 / 1024)} MiB`;
}
