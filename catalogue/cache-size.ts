/**
 * Sizes of Azure Cache for Redis, as plans and refusals need them.
 *
 * Sources: memory and client limits: azure.microsoft.com/pricing/details/cache and learn.microsoft.com, cache-planning-faq;
 * limits of what is reserved: learn.microsoft.com, cache-best-practices-memory-management (10 to 60 %), where Azure itself
 * reserves 107 MB a GB (642 MB of a P1, recorded by Azure/azure-cli in January 2025).
 */
export type CacheTier = 'Basic' | 'Standard' | 'Premium';

export interface CacheSize {
  memoryMb: number;
  maxClients: number;
}

const size = (gb: number, maxClients: number): CacheSize => ({ memoryMb: gb * 1024, maxClients });

/** By their names: C0 to C6 are Basic and Standard, P1 to P5 Premium. */
export const cacheSizes: Record<string, CacheSize> = {
  C0: { memoryMb: 250, maxClients: 256 },
  C1: size(1, 1000),
  C2: size(2.5, 2000),
  C3: size(6, 5000),
  C4: size(13, 10_000),
  C5: size(26, 15_000),
  C6: size(53, 20_000),
  P1: size(6, 7500),
  P2: size(13, 15_000),
  P3: size(26, 30_000),
  P4: size(53, 40_000),
  P5: size(120, 40_000),
};

/** Undefined for a size that there is not. */
export function findCacheSize(name: string): CacheSize | undefined {
  return Object.hasOwn(cacheSizes, name) ? cacheSizes[name] : undefined;
}

/** Names of a tier's sizes. */
export function sizesOf(tier: CacheTier): string[] {
  return Object.keys(cacheSizes).filter((name) => name.startsWith(tier === 'Premium' ? 'P' : 'C'));
}

/** What Azure reserves at least, and at most: MB. */
export function reservedLimits({ memoryMb }: CacheSize): { least: number; most: number } {
  const least = memoryMb < 1024 ? 30 : Math.round((memoryMb / 1024) * 107);
  return { least, most: Math.round(memoryMb * 0.6) };
}

/** Azure Cache for Redis (Basic, Standard, Premium) ends on this day (learn.microsoft.com, cache-retirement-faq). */
export const cacheRetirement = '2028-09-30';
