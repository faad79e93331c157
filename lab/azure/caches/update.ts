/**
 * Creation, change and deletion of a cache, done to its Redis server.
 *
 * A change of size replaces the server near the end of its time: connections break, data comes along but for a Basic cache's,
 * and what a smaller size has no room for is evicted.
 */
import type { Context } from '../context';
import { providerErrors } from '../errors';
import type { OperationKind } from '../operations';
import type { RedisCache } from './record';
import { settingsOf } from './sizes';

/** Where in the time of a change of size its nodes are replaced. */
const replaceAt = 0.8;

export interface UpdateParameters {
  target: RedisCache;
  scale: boolean;
}

export const createCache: OperationKind = {
  repeatable: true,
  async perform(context, operation, time) {
    await time.reach(0.5);
    await makeCache(context, operation.server);
  },
};

export const updateCache: OperationKind<UpdateParameters> = {
  repeatable: true,
  async perform(context, operation, time) {
    const { target, scale } = operation.parameters;
    const current = context.store.cache(operation.server);
    if (!current) throw providerErrors.childNotFound(operation.server);
    const redis = context.redis(current.name);
    const settings = settingsOf(target, context.options.memoryFactor);
    if (!scale) {
      await redis.adjust(settings);
      await time.reach(1);
      context.store.putCache({ ...target, ...keptMeanwhile(context, current) });
      return;
    }
    await time.reach(replaceAt);
    const failure = context.faults.upgradeFails(operation);
    // A daemon that was stopped after it does not do it again.
    if (failure !== 'old' && !operation.restarted) {
      await redis.replace(settings, current.sku.name === 'Basic' && isResized(current, target) ? 'lost' : 'kept');
      operation.restarted = true;
      context.store.save();
    }
    if (failure === 'mixed') context.store.putCache({ ...latest(context, current), drifted: true });
    if (failure === 'new') putAsWanted(context, current, target);
    if (failure) throw providerErrors.unexpected(operation.id);
    await time.reach(1);
    putAsWanted(context, current, target);
  },
};

export const deleteCache: OperationKind = {
  repeatable: true,
  async perform(context, operation, time) {
    await time.reach(1);
    await unmakeCache(context, operation.server);
  },
};

/** Makes the server of a cache whose record is there. */
export async function makeCache(context: Context, name: string): Promise<void> {
  const cache = context.store.cache(name)!;
  const settings = settingsOf(cache, context.options.memoryFactor);
  const redis = await context.options.caches.create({ name: cache.name, keys: cache.keys, settings });
  context.keepRedis(cache.name, redis);
  context.store.putCache({ ...context.store.cache(name)!, hostName: redis.options.address });
}

export async function unmakeCache(context: Context, name: string): Promise<void> {
  await context.options.caches.remove(name);
  context.keepRedis(name, undefined);
  context.store.removeCache(name);
}

/** A Basic cache that becomes a Standard one of the same size keeps its data (cache-how-to-scale). */
function isResized({ sku: from }: RedisCache, { sku: to }: RedisCache): boolean {
  return from.capacity !== to.capacity;
}

function putAsWanted(context: Context, current: RedisCache, target: RedisCache): void {
  const { drifted: _repaired, ...wanted } = { ...target, ...keptMeanwhile(context, current) };
  context.store.putCache(wanted);
}

/** What others may have changed while the operation ran. */
function keptMeanwhile(context: Context, cache: RedisCache): Partial<RedisCache> {
  const { keys, linkedServers, tags } = latest(context, cache);
  return { keys, linkedServers, tags };
}

function latest(context: Context, cache: RedisCache): RedisCache {
  return context.store.cache(cache.name) ?? cache;
}
