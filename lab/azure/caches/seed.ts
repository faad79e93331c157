/** A cache that is simply there when a lab comes up: made without Azure's waiting, and only where it is missing. */
import type { Context } from '../context';
import type { CacheSku, RedisCache } from './record';
import { firstConfiguration } from './rules';
import { newCacheKey } from './keys';
import { makeCache } from './update';

export interface SeedCache {
  name: string;
  sku: CacheSku;
  shardCount?: number;
  configuration?: Record<string, string>;
  linkedServers?: string[];
}

/** Throws with what to do where there is no Redis on this machine. */
export async function seedCache(context: Context, { name, sku, shardCount, ...wanted }: SeedCache): Promise<void> {
  if (context.store.cache(name)) return;
  const cache: RedisCache = {
    ...{ name, sku, location: context.options.location, tags: {}, hostName: '' },
    ...(shardCount === undefined ? {} : { shardCount }),
    ...{ enableNonSslPort: false, publicNetworkAccess: 'Enabled' },
    configuration: firstConfiguration(sku, wanted.configuration),
    keys: { primary: newCacheKey(), secondary: newCacheKey() },
    linkedServers: wanted.linkedServers ?? [],
  };
  context.store.putCache(cache);
  try {
    await makeCache(context, name);
  } catch (error) {
    context.store.removeCache(name);
    throw error;
  }
}
