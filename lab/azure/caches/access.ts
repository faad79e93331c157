/** Finding the cache that a request is about, and what it looks like now. */
import type { FastifyRequest } from 'fastify';
import type { Context } from '../context';
import { cacheErrors, gatewayErrors } from '../errors';
import { placeOf } from '../flexible-servers/access';
import { paramsOf } from '../http/facts';
import { cacheId, cacheType } from '../names';
import type { CacheState, RedisCache } from './record';
import { cacheView } from './resource';
import type { UpdateParameters } from './update';

/** Throws Resource Manager's 404 when there is none. */
export function cacheOf(context: Context, request: FastifyRequest): RedisCache {
  const { cache, group } = paramsOf(request);
  const found = context.store.cache(cache);
  if (!found) throw gatewayErrors.resourceNotFound(cacheType, cache, group);
  return found;
}

export function stateOfCache(context: Context, cache: RedisCache): CacheState {
  return context.operations.stateOf<CacheState>(cache.name) ?? 'Succeeded';
}

/** While it is scaled a cache shows the size that it is on its way to (Azure/azure-cli 21448). */
export function viewOfCache(context: Context, cache: RedisCache) {
  const scaling = context.operations.inProgress(cache.name).find(({ kind }) => kind === 'updateCache');
  const { scale, target } = (scaling?.parameters ?? {}) as Partial<UpdateParameters>;
  const shown = scale && target ? { ...cache, sku: target.sku, shardCount: target.shardCount } : cache;
  return cacheView(placeOf(context), shown, stateOfCache(context, cache));
}

export function idOfCache(context: Context, name: string): string {
  return cacheId(context.options.subscriptionId, context.options.resourceGroup, name);
}

/** Redis refuses at once what comes while it is busy. */
export function assertIdle(context: Context, cache: RedisCache): void {
  const busy = context.operations.isBusy(cache.name, true) || context.faults.isStillBusy(cache.name);
  if (busy) throw cacheErrors.busy(idOfCache(context, cache.name));
}
