/**
 * What a request for another shape of a cache comes to, and what Azure refuses. Pure; table-tested.
 * Source: learn.microsoft.com, cache-how-to-scale ("Prerequisites/limitations"), cache-best-practices-scale ("Scaling and
 * memory"), cache-how-to-premium-clustering; texts as customers have reported them (errors.ts).
 */
import { cacheErrors } from '../errors';
import type { CacheBody } from './body';
import type { CacheSku, RedisCache } from './record';
import { allowedReservedMb, defaultReservedMb, findCacheSize, sizeOf } from './sizes';

export interface CacheUpdate {
  cache: RedisCache;
  /** Another size, tier or number of shards: its nodes are replaced. */
  scale: boolean;
  /** Something else that takes an operation. */
  settings: boolean;
}

/** Azure's limit (cache-how-to-premium-clustering). */
const shardsMax = 30;
const tiers = ['Basic', 'Standard', 'Premium'];

const memorySettings = ['maxmemory-reserved', 'maxfragmentationmemory-reserved', 'maxmemory-delta'] as const;

/** The cache as the body wants it. Throws what Azure refuses. */
export function planCacheUpdate(current: RedisCache, body: CacheBody): CacheUpdate {
  const { properties } = body;
  const sku = properties.sku ?? current.sku;
  if (!findCacheSize(sku)) throw cacheErrors.unsupportedFamily();
  const resized = sku.name !== current.sku.name || sku.capacity !== current.sku.capacity;
  const shardCount = properties.shardCount ?? current.shardCount;
  const resharded = shardCount !== current.shardCount;
  if (resized) assertScalable(current, sku);
  if (resharded) assertShards(current, shardCount ?? 1);
  if (resized && resharded) throw cacheErrors.oneAtATime(['properties.sku', 'properties.shardCount']);
  // Asked for again, it repairs what a failed change of size has left.
  const scale = resized || resharded || (current.drifted === true && properties.sku !== undefined);
  if (scale && current.linkedServers.length > 0) throw cacheErrors.linked(current.name);
  const cache: RedisCache = {
    ...current,
    ...{ sku, tags: body.tags ?? current.tags },
    enableNonSslPort: properties.enableNonSslPort ?? current.enableNonSslPort,
    publicNetworkAccess: properties.publicNetworkAccess ?? current.publicNetworkAccess,
    configuration: wantedConfiguration(current, sku, properties.redisConfiguration ?? {}, scale),
    ...(shardCount === undefined ? {} : { shardCount }),
    ...(properties.minimumTlsVersion === undefined ? {} : { minimumTlsVersion: properties.minimumTlsVersion }),
  };
  return { cache, scale, settings: !scale && differs(current, cache) };
}

/** The settings that a cache of that size begins with. */
export function firstConfiguration(sku: CacheSku, wanted: Record<string, string> = {}): Record<string, string> {
  const reserved = String(defaultReservedMb(sizeOf(sku)));
  const first = Object.fromEntries(memorySettings.map((name) => [name, reserved]));
  return withinLimits({ ...first, ...withoutClients(wanted) }, sku);
}

function assertScalable({ sku: from }: RedisCache, to: CacheSku): void {
  const [was, wants] = [tiers.indexOf(from.name), tiers.indexOf(to.name)];
  if (wants < was)
    throw cacheErrors.notModifiable(from.family === to.family ? 'properties.sku.name' : 'properties.sku.family');
  if (from.name === 'Basic' && to.name === 'Premium') throw cacheErrors.unsupportedFamily();
  if (from.name === 'Basic' && to.name === 'Standard' && from.capacity !== to.capacity)
    throw cacheErrors.oneAtATime(['properties.sku.name', 'properties.sku.capacity']);
  if (to.family === 'C' && to.capacity === 0 && from.capacity !== 0)
    throw cacheErrors.notModifiable('properties.sku.capacity');
}

function assertShards({ sku }: RedisCache, shards: number): void {
  if (sku.name !== 'Premium') throw cacheErrors.premiumOnly('properties.shardCount');
  if (shards < 1 || shards > shardsMax) throw cacheErrors.invalid('properties.shardCount', `1 to ${shardsMax}`);
}

/** Sent together with a change of size, settings of memory are ignored; those that were keep their number where it is allowed. */
function wantedConfiguration(
  current: RedisCache,
  sku: CacheSku,
  given: Record<string, string>,
  scale: boolean,
): Record<string, string> {
  const heard = Object.entries(withoutClients(given)).filter(
    ([name]) => !(scale && memorySettings.some((one) => one === name)),
  );
  return withinLimits({ ...current.configuration, ...Object.fromEntries(heard) }, sku);
}

function withinLimits(configuration: Record<string, string>, sku: CacheSku): Record<string, string> {
  const entries = Object.entries(configuration).map(([name, value]) => {
    if (!memorySettings.some((one) => one === name)) return [name, value] as const;
    const wanted = Number(value);
    if (!Number.isFinite(wanted)) throw cacheErrors.invalid(`properties.redisConfiguration.${name}`, 'a number of MB');
    return [name, String(allowedReservedMb(wanted, sizeOf(sku)))] as const;
  });
  return Object.fromEntries(entries);
}

/** It follows the size: clients send back what they have read. */
function withoutClients(given: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => name !== 'maxclients'));
}

/** Tags cost nothing. */
function differs(one: RedisCache, other: RedisCache): boolean {
  const shape = ({ tags: _tags, ...rest }: RedisCache) =>
    JSON.stringify({ ...rest, configuration: Object.entries(rest.configuration).sort() });
  return shape(one) !== shape(other);
}
