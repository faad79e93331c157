/**
 * What another shape of a cache means: the steps, which of them has a way back, what is lost, how long it takes. Pure,
 * table-tested.
 *
 * Sources: learn.microsoft.com, cache-how-to-scale (what Azure refuses, what happens to data, "approximately 20 minutes", or as
 * much for each shard), cache-best-practices-scale (what is reserved is ignored beside a change of size), cache-failover.
 */
import type { CacheFacts, CacheShape } from '../../activities/caches/contract';
import type { CacheTier, RedisScaleInput } from '../../catalogue';
import { findCacheSize, reservedLimits } from '../../catalogue';
import type { PlannedStep } from '../../catalogue';

export interface ShapeStep {
  name: string;
  from: CacheShape;
  to: CacheShape;
  kind: 'size' | 'shards' | 'reserved';
}

const scaleSeconds = 1200;
const settingSeconds = 60;
/** Fuller than this, a cache evicts from time to time: that a key is gone proves nothing. */
const fullShare = 0.9;
export const stallSeconds = 60;

const tiers: CacheTier[] = ['Basic', 'Standard', 'Premium'];

/** What is asked for, with what stays as it is. */
export function wantedShape(wanted: RedisScaleInput, { shape }: CacheFacts): CacheShape {
  const tier = wanted.tier ?? shape.tier;
  const size = wanted.size ?? shape.size;
  const shards = wanted.shards ?? shape.shards;
  const { maxmemory, fragmentation } = shape.reserved;
  return {
    ...{ tier, size },
    reserved: {
      maxmemory: wanted.maxmemoryReservedMb ?? sameShare(maxmemory, shape.size, size),
      fragmentation: sameShare(fragmentation, shape.size, size),
    },
    ...(shards === undefined ? {} : { shards }),
  };
}

/** As much of the new size as of the old one, within Azure's limits. */
function sameShare(reservedMb: number, from: string, to: string): number {
  const [was, is] = [findCacheSize(from), findCacheSize(to)];
  if (!was || !is || from === to) return reservedMb;
  const { least, most } = reservedLimits(is);
  return Math.min(most, Math.max(least, Math.round((reservedMb / was.memoryMb) * is.memoryMb)));
}

/**
 * Tier and size in one; shards apart, because Azure refuses both at once; what is reserved with the size, or alone. More shards of a
 * smaller size come first: between the two the data would have no room.
 */
export function shapeSteps(wanted: RedisScaleInput, facts: CacheFacts): ShapeStep[] {
  const { shape: now, name } = facts;
  const to = wantedShape(wanted, facts);
  const sized = (shape: CacheShape): CacheShape => ({ ...shape, tier: to.tier, size: to.size, reserved: to.reserved });
  const sharded = (shape: CacheShape): CacheShape => ({ ...shape, shards: to.shards ?? 1 });
  const resized = now.tier !== to.tier || now.size !== to.size;
  const reserved = now.reserved.maxmemory !== to.reserved.maxmemory && to.tier !== 'Basic';
  const resharded = (now.shards ?? 1) !== (to.shards ?? 1);
  const shardsFirst = (to.shards ?? 1) > (now.shards ?? 1) && now.tier === to.tier && memoryOf(to) < memoryOf(now);
  const size = (from: CacheShape): ShapeStep[] => {
    if (resized) return [{ kind: 'size', name: `scale ${name}`, from, to: sized(from) }];
    return reserved ? [{ kind: 'reserved', name: `reserve memory of ${name}`, from, to: sized(from) }] : [];
  };
  const shards = (from: CacheShape): ShapeStep[] =>
    resharded ? [{ kind: 'shards', name: `shard ${name}`, from, to: sharded(from) }] : [];
  return shardsFirst ? [...shards(now), ...size(sharded(now))] : [...size(now), ...shards(sized(now))];
}

function memoryOf({ size }: CacheShape): number {
  return findCacheSize(size)?.memoryMb ?? 0;
}

/** Why Azure refuses to go from one to the other in one operation; undefined where it does not. */
export function refusedByAzure(from: CacheShape, to: CacheShape): string | undefined {
  const [was, wants] = [tiers.indexOf(from.tier), tiers.indexOf(to.tier)];
  if (wants < was) return `${from.tier} → ${to.tier} is refused by Azure: make a new ${to.tier} cache and move to it`;
  if (from.tier === 'Basic' && to.tier === 'Premium')
    return 'Basic → Premium is refused by Azure: become Standard first, with the same size';
  if (from.tier === 'Basic' && to.tier === 'Standard' && from.size !== to.size)
    return `Basic ${from.size} → Standard ${to.size} is refused by Azure: change the tier first (size=${from.size}), then the size`;
  if (to.size === 'C0' && from.size !== 'C0')
    return `${from.size} → C0 is refused by Azure: C1 is the smallest that a cache can become`;
  return undefined;
}

/** Whether it is all lost, as a Basic cache's data with its size. */
export function losesEverything(from: CacheShape, to: CacheShape): boolean {
  return from.tier === 'Basic' && to.tier === 'Basic' && from.size !== to.size;
}

/** Memory for data, bytes, in the live server's measure; undefined where it does not tell. */
export function roomFor(to: CacheShape, { shape, live }: CacheFacts): number | undefined {
  const [was, is] = [usableMb(shape), usableMb(to)];
  return live && live.maxMemoryBytes > 0 && was > 0 ? (live.maxMemoryBytes * is) / was : undefined;
}

/** By the sizes' table. */
function usableMb({ size, shards = 1, reserved }: CacheShape): number {
  return ((findCacheSize(size)?.memoryMb ?? 0) - reserved.maxmemory - reserved.fragmentation) * shards;
}

/** How much of the data there is no room for; 0 where the server does not tell. */
export function excessBytes(to: CacheShape, facts: CacheFacts): number {
  const room = roomFor(to, facts);
  return room === undefined ? 0 : Math.max(0, Math.round((facts.live?.usedMemoryBytes ?? 0) - room));
}

/**
 * `irreversible`: another tier, or a cluster where there was none, which Azure does not take back. `lossy`: data goes, and does not come back with the size.
 * `reversible`: there and back at the price of broken connections.
 */
export function reversibilityOf({ kind, from, to }: ShapeStep, facts: CacheFacts): PlannedStep['reversibility'] {
  if (from.tier !== to.tier || (kind === 'shards' && from.shards === undefined)) return 'irreversible';
  return losesEverything(from, to) || excessBytes(to, facts) > 0 ? 'lossy' : 'reversible';
}

export function expectedSeconds({ kind, from, to }: ShapeStep): number {
  if (kind === 'reserved') return settingSeconds;
  return scaleSeconds * Math.max(from.shards ?? 1, to.shards ?? 1);
}

/** A key that was written before must be there afterwards, but where keys go for good reason. */
export function markerMustStay(from: CacheShape, to: CacheShape, facts: CacheFacts): boolean {
  const { live } = facts;
  const full = live && live.maxMemoryBytes > 0 && live.usedMemoryBytes > fullShare * live.maxMemoryBytes;
  return !full && !losesEverything(from, to) && excessBytes(to, facts) === 0 && excessBytes(from, facts) === 0;
}

export function showShape({ tier, size, reserved }: CacheShape): string {
  if (tier === 'Basic') return `${tier} ${size}`;
  return `${tier} ${size}, ${reserved.maxmemory} + ${reserved.fragmentation} MB reserved`;
}

export function showShards({ shards }: CacheShape): string {
  return shards === undefined ? 'no cluster' : `${shards} ${shards === 1 ? 'shard' : 'shards'}`;
}

export interface Traffic {
  evictedKeys: number;
  hits: number;
  misses: number;
}

/** Counted between two readings; a server that was replaced counts anew. */
export function trafficBetween(before: CacheFacts['live'], after: CacheFacts['live']): Traffic | undefined {
  if (!before || !after) return undefined;
  const same = before.runId === after.runId;
  const since = (field: keyof Traffic) => after[field] - (same ? before[field] : 0);
  return { evictedKeys: since('evictedKeys'), hits: since('hits'), misses: since('misses') };
}

/** Percent; undefined where too few have asked to say. */
export function hitRate({ hits, misses }: Pick<Traffic, 'hits' | 'misses'>): number | undefined {
  return hits + misses < 100 ? undefined : Math.round((100 * hits) / (hits + misses));
}
