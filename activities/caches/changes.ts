/** The changes that a cache can be given, each as long-operation.ts wants it: is it there, and send it. */
import type { Change } from '../azure/change';
import type { AzureCache, Caches } from '../azure/caches';
import type { RequestIdentity } from '../request-identity';
import { onCache } from '../redis/cache';
import { readingOf } from '../redis/info';
import type { CacheShape, Wanted } from './contract';
import type { CacheDependencies } from './dependencies';
import { isNear, isReserved, reservedOf } from './judgement';

type CacheChange = Change<AzureCache>;

const names = { maxmemory: 'maxmemory-reserved', fragmentation: 'maxfragmentationmemory-reserved' };
/** Sent along, as Azure's own command line does. */
const companions = ['maxmemory-delta', 'maxmemory-policy'];

/** In this order: tier and shards are never sent together, and what is reserved is ignored beside a size. */
export function changesTo(
  { shape, maxMemoryBytes }: Wanted,
  use: CacheDependencies,
  { identity, cache, undo }: { identity: RequestIdentity; cache: string; undo: boolean },
): CacheChange[] {
  const { caches } = use;
  const { shards } = shape;
  const size: CacheChange = {
    name: `size ${shape.tier} ${shape.size}`,
    async isThere(now) {
      if (now.tier !== shape.tier || now.size !== shape.size) return false;
      // Azure's word is not enough on the way back: an operation that failed half-way may have left another server.
      return (
        !undo ||
        maxMemoryBytes === undefined ||
        !isReserved(shape.reserved, reservedOf(now)) ||
        hasMemory(cache, maxMemoryBytes, use)
      );
    },
    send: (accepted) => caches.changeSize(cache, shape, { identity, accepted }),
  };
  return [
    size,
    ...(shards === undefined ? [] : [shardsChange(shards, caches, identity, cache)]),
    ...(shape.tier === 'Basic' ? [] : [reservedChange(shape, caches, identity, cache)]),
  ];
}

function shardsChange(shards: number, caches: Caches, identity: RequestIdentity, cache: string): CacheChange {
  return {
    name: `${shards} shards`,
    isThere: (now) => (now.shards ?? 1) === shards,
    send: (accepted) => caches.changeShards(cache, shards, { identity, accepted }),
  };
}

function reservedChange(
  { reserved }: CacheShape,
  caches: Caches,
  identity: RequestIdentity,
  cache: string,
): CacheChange {
  return {
    name: `reserved ${reserved.maxmemory} + ${reserved.fragmentation} MB`,
    isThere: (now) => isReserved(reserved, reservedOf(now)),
    async send(accepted) {
      const { configuration } = await caches.readCache(cache);
      const kept = Object.entries(configuration).filter(([name]) => companions.includes(name));
      const wanted = {
        ...Object.fromEntries(kept),
        [names.maxmemory]: String(reserved.maxmemory),
        [names.fragmentation]: String(reserved.fragmentation),
      };
      return caches.changeConfiguration(cache, wanted, { identity, accepted });
    },
  };
}

async function hasMemory(cache: string, bytes: number, use: CacheDependencies): Promise<boolean> {
  const info = await onCache(cache, use.cacheConnections, (client) => client.info('memory'));
  return isNear(readingOf(info).maxMemoryBytes, bytes);
}
