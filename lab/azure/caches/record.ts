/** What the lab remembers of an Azure Cache for Redis, beside what its server itself knows. Plain JSON. */
import type { RedisKeys } from '../../redis/files';
import type { Switch } from '../flexible-servers/record';

export interface CacheSku {
  name: 'Basic' | 'Standard' | 'Premium';
  family: 'C' | 'P';
  capacity: number;
}

/** ProvisioningState of the API's schema, as far as the lab has it. */
export type CacheState = 'Succeeded' | 'Creating' | 'Updating' | 'Scaling' | 'Deleting';

export interface RedisCache {
  name: string;
  /** Region's name, such as `westus`. */
  location: string;
  tags: Record<string, string>;
  sku: CacheSku;
  /** Premium only; absent: no cluster. */
  shardCount?: number;
  enableNonSslPort: boolean;
  minimumTlsVersion?: string;
  publicNetworkAccess: Switch;
  /** `redisConfiguration` of the API, but for what follows the size: values are always strings. */
  configuration: Record<string, string>;
  keys: RedisKeys;
  /** Address of the server; the API's `hostName`. */
  hostName: string;
  /** Ids of the caches it is geo-replicated with. */
  linkedServers: string[];
  /** A failed change of size left the server with other memory than `sku` says; the next one repairs it. */
  drifted?: boolean;
}
