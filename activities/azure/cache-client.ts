/** Caches over Azure's own SDK: the only file that imports it. */
import { RedisManagementClient as Client, type RedisResource, type RedisUpdateParameters } from '@azure/arm-rediscache';
import type { AzureCache, Caches } from './caches';
import type { ChangeOptions } from './operations';
import { type ManagementOptions, resourceManager } from './resource-manager';

export function createCaches(options: ManagementOptions): Caches {
  const { subscriptionId, resourceGroup, credential } = options;
  const manager = resourceManager(options, (given) => new Client(credential, subscriptionId, given));
  const { reads, once, read, begin } = manager;
  const idOf = (cache: string) =>
    `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.Cache/redis/${cache}`;
  const update = (cache: string, wanted: RedisUpdateParameters, change: ChangeOptions) =>
    begin((sdk) => once.redis.beginUpdate(resourceGroup, cache, wanted, sdk), change);

  return {
    readCache: async (cache) => cacheOf(await reads.redis.get(resourceGroup, cache, read())),
    readLocks: (cache) => manager.locksOf(idOf(cache)),
    readOpenOperations: (cache) => manager.openOperationsOf(idOf(cache)),

    changeSize: (cache, { tier, size }, change) =>
      update(cache, { sku: { name: tier, family: size.slice(0, 1), capacity: Number(size.slice(1)) } }, change),
    changeShards: (cache, shardCount, change) => update(cache, { shardCount }, change),
    changeConfiguration: (cache, redisConfiguration, change) => update(cache, { redisConfiguration }, change),

    pollOperation: manager.pollOperation,
  };
}

function cacheOf(cache: RedisResource): AzureCache {
  const { sku, shardCount, redisConfiguration, linkedServers } = cache;
  const [tier, size] = [sku?.name ?? '', `${sku?.family ?? ''}${sku?.capacity ?? ''}`];
  return {
    ...{ name: cache.name ?? '', id: cache.id ?? '' },
    location: (cache.location ?? '').replaceAll(' ', '').toLowerCase(),
    state: cache.provisioningState === 'Succeeded' ? 'Ready' : (cache.provisioningState ?? 'unknown'),
    ...{ tier, size, sku: `${tier} ${size}` },
    ...(shardCount ? { shards: shardCount } : {}),
    ...{ host: cache.hostName ?? '', tlsPort: cache.sslPort ?? 6380 },
    configuration: textsOf(redisConfiguration),
    linked: (linkedServers ?? []).flatMap(({ id }) => id ?? []),
  };
}

/**
 * What is told of `redisConfiguration`, which can have connection strings in it as well. The SDK spells the settings in its
 * own way; Azure's names are those of its API.
 */
const settings: Record<string, string> = {
  rdbBackupEnabled: 'rdb-backup-enabled',
  rdbBackupFrequency: 'rdb-backup-frequency',
  aofBackupEnabled: 'aof-backup-enabled',
  maxfragmentationmemoryReserved: 'maxfragmentationmemory-reserved',
  maxmemoryPolicy: 'maxmemory-policy',
  maxmemoryReserved: 'maxmemory-reserved',
  maxmemoryDelta: 'maxmemory-delta',
  maxclients: 'maxclients',
};

function textsOf(configuration: RedisResource['redisConfiguration']): Record<string, string> {
  const given = Object.entries(configuration ?? {}) as [string, unknown][];
  return Object.fromEntries(
    given.flatMap(([name, value]) => (typeof value === 'string' && settings[name] ? [[settings[name], value]] : [])),
  );
}
