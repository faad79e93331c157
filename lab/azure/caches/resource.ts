/** A cache as Azure shows it. Pure. */
import type { Place } from '../flexible-servers/resource';
import { cacheId, cacheType, regionDisplayName } from '../names';
import type { CacheState, RedisCache } from './record';
import { sizeOf } from './sizes';

const redisVersion = '6.0';
/** Ports of the single nodes (recorded). */
const firstNodePort = 15_000;

/** `keys`: they are in the answer to a creation, and never again. */
export function cacheView(place: Place, cache: RedisCache, state: CacheState, keys: 'shown' | 'hidden' = 'hidden') {
  const { sku, shardCount, configuration, minimumTlsVersion } = cache;
  const replicas = sku.name === 'Basic' ? 0 : 1;
  const { primary, secondary } = cache.keys;
  return {
    id: cacheId(place.subscription, place.group, cache.name),
    location: regionDisplayName(cache.location),
    name: cache.name,
    type: cacheType,
    tags: cache.tags,
    properties: {
      provisioningState: state,
      redisVersion,
      sku,
      enableNonSslPort: cache.enableNonSslPort,
      instances: instances(shardCount, replicas, state === 'Creating'),
      ...(minimumTlsVersion === undefined ? {} : { minimumTlsVersion }),
      publicNetworkAccess: cache.publicNetworkAccess,
      tenantSettings: {},
      ...(shardCount === undefined ? {} : { shardCount }),
      redisConfiguration: { maxclients: String(sizeOf(sku).maxClients), ...configuration },
      accessKeys: keys === 'shown' ? { primaryKey: primary, secondaryKey: secondary } : null,
      hostName: cache.hostName,
      port: 6379,
      sslPort: 6380,
      ...(state === 'Creating' ? {} : { replicasPerMaster: replicas, replicasPerPrimary: replicas }),
      linkedServers: cache.linkedServers.map((id) => ({ id })),
      updateChannel: 'Stable',
      ...(sku.name === 'Basic' ? {} : { zonalAllocationPolicy: 'Automatic' }),
      disableAccessKeyAuthentication: false,
    },
  };
}

/** A master and its replica for each shard; none is a master before the cache is there. */
function instances(shardCount: number | undefined, replicas: number, creating: boolean) {
  const shards = Array.from({ length: shardCount ?? 1 }, (_, shard) => shard);
  return shards.flatMap((shard) =>
    Array.from({ length: 1 + replicas }, (_, node) => {
      const master = node === 0 && !creating;
      const shardId = creating ? {} : { shardId: shard };
      return {
        sslPort: firstNodePort + shard * (1 + replicas) + node,
        ...shardId,
        isMaster: master,
        isPrimary: master,
      };
    }),
  );
}
