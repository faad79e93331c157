import type { Topology } from '../../catalogue';
import type { Caches } from '../azure/caches';
import type { CacheConnections } from '../redis/cache';

/** What the activities for caches are given by the worker. */
export interface CacheDependencies {
  caches: Caches;
  cacheConnections: CacheConnections;
  topology: Topology;
  /** See DatabaseDependencies. */
  settleMs?: number;
}
