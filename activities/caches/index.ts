/** The activities of redisScale: contract.ts says what each does. */
import { Context } from '@temporalio/activity';
import type { CacheTier } from '../../catalogue';
import type { AzureCache } from '../azure/caches';
import { withCircumstances } from '../azure/circumstances';
import { azureProblem } from '../azure/failures';
import { makeChanges } from '../azure/long-operation';
import { asFailures, failure } from '../failures';
import { assertLeadsTo, onCache } from '../redis/cache';
import { redisProblem } from '../redis/failures';
import { readingOf } from '../redis/info';
import { changesTo } from './changes';
import type { CacheActivities, CacheReading, CacheShape } from './contract';
import type { CacheDependencies } from './dependencies';
import { megabytes, notYet, reservedOf } from './judgement';

const defaultSettleMs = 3000;
/** Should a run be terminated: longer than the longest scale and an operator's weekend. */
const markerSeconds = 4 * 24 * 60 * 60;

export function createCacheActivities(use: CacheDependencies): CacheActivities {
  const { caches, cacheConnections, topology, settleMs = defaultSettleMs } = use;
  const live = async (cache: string, { host }: AzureCache): Promise<CacheReading> => {
    await assertLeadsTo(host, cache, cacheConnections);
    return onCache(cache, cacheConnections, async (client) => readingOf(await client.info()));
  };
  const markerOf = (run: string) => `${topology.redis?.markerPrefix ?? 'durable-runbooks:'}marker:${run}`;
  const marker = () => markerOf(Context.current().info.workflowExecution!.workflowId);

  const activities: CacheActivities = {
    async inspectCache({ cache }) {
      if (cache === '')
        throw failure('ConfigurationMissing', 'no cache is named: give `cache`, or `redis.cache` in the topology');
      const [azure, locks] = await Promise.all([caches.readCache(cache), caches.readLocks(cache)]);
      const { name, location, state, configuration, linked } = azure;
      return {
        ...{ resourceGroup: topology.azure.resourceGroup, name, location, state, linked, locks },
        shape: shapeOf(azure),
        evictionPolicy: configuration['maxmemory-policy'] ?? 'volatile-lru',
        persistence: { rdb: isOn(configuration, 'rdb'), aof: isOn(configuration, 'aof') },
        ...(state === 'Ready' ? { live: await live(cache, azure) } : {}),
        marker: markerOf('<run>'),
      };
    },

    async readCache({ cache }) {
      const azure = await caches.readCache(cache);
      const { maxMemoryBytes } = await live(cache, azure);
      return { shape: shapeOf(azure), maxMemoryBytes, at: Date.now() };
    },

    async placeMarker({ cache }) {
      try {
        await onCache(cache, cacheConnections, (client) =>
          client.set(marker(), 'written before a change of the cache', {
            condition: 'NX',
            expiration: { type: 'EX', value: markerSeconds },
          }),
        );
        return 'placed';
      } catch (error) {
        // A full cache is one that somebody wants to enlarge.
        if (/^(OOM|MOVED) /.test((error as Error).message)) return 'refused';
        throw error;
      }
    },

    changeCache: ({ cache, wanted, deadlineSeconds, undo = false }) =>
      withCircumstances({ deadlineSeconds, busyMayBeOurs: undo, settleMs }, (given, identity) => {
        const { readCache: read, pollOperation, readOpenOperations } = caches;
        const resources = { read, pollOperation, readOpenOperations };
        return makeChanges(cache, changesTo(wanted, use, { identity, cache, undo }), resources, given);
      }),

    async verifyCache({ cache, wanted, since, marker: expected }) {
      const azure = await caches.readCache(cache);
      const [reading, found] = await onCache(cache, cacheConnections, async (client) => [
        readingOf(await client.info()),
        expected !== 'none' && (await client.exists(marker())) === 1,
      ]);
      const open = notYet({ wanted, ...(since ? { since } : {}) }, azure, reading);
      if (open.length > 0) throw failure('NotVerified', `${cache}: ${open.join('; ')}`);
      if (!found && expected === 'must') {
        throw failure('DataLost', `${cache} has no ${marker()}, which was written before it was changed`);
      }
      const came = expected === 'none' ? 'it took no marker' : `the marker ${found ? 'came' : 'did not come'} along`;
      return `ARM Ready, ${azure.sku}; ${megabytes(reading.maxMemoryBytes)} for data over TLS; ${came}`;
    },

    async tidyMarker({ cache }) {
      await onCache(cache, cacheConnections, (client) => client.del(marker()));
    },
  };
  return asFailures(activities, [azureProblem, redisProblem]);
}

function shapeOf(azure: AzureCache): CacheShape {
  const { tier, size, shards } = azure;
  return {
    ...{ tier: tier as CacheTier, size, reserved: reservedOf(azure) },
    ...(shards === undefined ? {} : { shards }),
  };
}

function isOn(configuration: Record<string, string>, kind: 'rdb' | 'aof'): boolean {
  return configuration[`${kind}-backup-enabled`]?.toLowerCase() === 'true';
}
