/**
 * Compute sizes, storage sizes, and what a size means for PostgreSQL's settings. Pure.
 *
 * Source of sizes, memory and iops: the capabilities list that Azure answered in East US in February 2025 (recorded by
 * Azure/azure-cli); of max_connections: learn.microsoft.com, flexible-server/concepts-limits.
 */
export type Tier = 'Burstable' | 'GeneralPurpose' | 'MemoryOptimized';

export interface Sku {
  name: string;
  tier: Tier;
  vCores: number;
  memoryMb: number;
  iops: number;
}

interface Series {
  tier: Tier;
  memoryPerVcoreMb: number;
  sizes: [name: string, vCores: number, iops: number, memoryPerVcoreMb?: number][];
}

const iopsByVcores: Record<number, number> = {
  2: 3200,
  4: 6400,
  8: 12800,
  16: 25600,
  20: 32000,
  32: 51200,
  48: 76800,
  64: 80000,
  96: 80000,
};

const sizes = (letter: 'D' | 'E', suffix: string, vCores: number[]): Series['sizes'] =>
  vCores.map((count) => [`Standard_${letter}${count}${suffix}`, count, iopsByVcores[count]!]);

const series: Series[] = [
  {
    tier: 'Burstable',
    memoryPerVcoreMb: 4096,
    sizes: [
      ['Standard_B1ms', 1, 640, 2048],
      ['Standard_B2s', 2, 1280, 2048],
      ['Standard_B2ms', 2, 1920],
      ['Standard_B4ms', 4, 2880],
      ['Standard_B8ms', 8, 4320],
      ['Standard_B12ms', 12, 4320],
      ['Standard_B16ms', 16, 4320],
      ['Standard_B20ms', 20, 4320],
    ],
  },
  {
    tier: 'GeneralPurpose',
    memoryPerVcoreMb: 4096,
    sizes: [
      ...sizes('D', 's_v3', [2, 4, 8, 16, 32, 48, 64]),
      ...sizes('D', 'ds_v4', [2, 4, 8, 16, 32, 48, 64]),
      ...sizes('D', 'ads_v5', [2, 4, 8, 16, 32, 48, 64, 96]),
      ...sizes('D', 'ds_v5', [2, 4, 8, 16, 32, 48, 64, 96]),
    ],
  },
  {
    tier: 'MemoryOptimized',
    memoryPerVcoreMb: 8192,
    sizes: [
      ...sizes('E', 's_v3', [2, 4, 8, 16, 32, 48, 64]),
      ...sizes('E', 'ds_v4', [2, 4, 8, 16, 20, 32, 48, 64]),
      ...sizes('E', 'ads_v5', [2, 4, 8, 16, 20, 32, 48, 64, 96]),
      ...sizes('E', 'ds_v5', [2, 4, 8, 16, 20, 32, 48, 64, 96]),
    ],
  },
];

export const skus: Sku[] = series.flatMap(({ tier, memoryPerVcoreMb, sizes }) =>
  sizes.map(([name, vCores, iops, memory]) => ({
    name,
    tier,
    vCores,
    memoryMb: vCores * (memory ?? memoryPerVcoreMb),
    iops,
  })),
);

export const tiers: { name: Tier; defaultSku: string; defaultStorageGb: number }[] = [
  { name: 'Burstable', defaultSku: 'Standard_B1ms', defaultStorageGb: 32 },
  { name: 'GeneralPurpose', defaultSku: 'Standard_D4ds_v5', defaultStorageGb: 64 },
  { name: 'MemoryOptimized', defaultSku: 'Standard_E4ds_v5', defaultStorageGb: 128 },
];

/** Finds a size by its name, in whatever spelling. */
export function findSku(name: string): Sku | undefined {
  return skus.find((sku) => sku.name.toLowerCase() === name.toLowerCase());
}

/** A new server's max_connections. It never follows a later change of size: it is a server parameter. */
export function defaultMaxConnections(sku: Sku): number {
  const gib = sku.memoryMb / 1024;
  if (gib <= 2) return 50;
  if (gib <= 4) return 429;
  if (gib <= 8) return 859;
  if (gib <= 16) return 1718;
  if (gib <= 32) return 3437;
  return 5000;
}

/**
 * The settings that follow the size: shared_buffers is 25 % of the memory, effective_cache_size 75 % (a D4ds_v4 of Azure
 * has 524288 and 1572864 pages of 8 kB), both divided by the lab's memory factor. Values in pages of 8 kB.
 */
export function memorySettings(
  sku: Sku,
  memoryFactor: number,
): { shared_buffers: string; effective_cache_size: string } {
  const pages = (share: number) => String(Math.max(16, Math.round((sku.memoryMb * 1024 * share) / 8 / memoryFactor)));
  return { shared_buffers: pages(0.25), effective_cache_size: pages(0.75) };
}

export interface StorageSize {
  sizeMb: number;
  iops: number;
  tier: string;
}

/** Premium_LRS. 4193280 MiB (4095 GiB) is the largest below the 4 TiB line, which cannot be crossed online. */
export const storageSizes: StorageSize[] = [
  { sizeMb: 32768, iops: 120, tier: 'P4' },
  { sizeMb: 65536, iops: 240, tier: 'P6' },
  { sizeMb: 131072, iops: 500, tier: 'P10' },
  { sizeMb: 262144, iops: 1100, tier: 'P15' },
  { sizeMb: 524288, iops: 2300, tier: 'P20' },
  { sizeMb: 1048576, iops: 5000, tier: 'P30' },
  { sizeMb: 2097152, iops: 7500, tier: 'P40' },
  { sizeMb: 4193280, iops: 7500, tier: 'P50' },
  { sizeMb: 4194304, iops: 7500, tier: 'P50' },
  { sizeMb: 8388608, iops: 16000, tier: 'P60' },
  { sizeMb: 16777216, iops: 18000, tier: 'P70' },
  { sizeMb: 33553408, iops: 20000, tier: 'P80' },
];

export function findStorageSize(sizeGb: number): StorageSize | undefined {
  return storageSizes.find((size) => size.sizeMb === sizeGb * 1024);
}

/** Performance tiers a size may have: its own or a higher one of the same family (up to P50, or from P60 to P80). */
export function performanceTiers(size: StorageSize): { name: string; iops: number }[] {
  const large = size.sizeMb > 4194304;
  const seen = new Map<string, number>();
  for (const other of storageSizes) {
    if (other.sizeMb >= size.sizeMb && other.sizeMb > 4194304 === large) seen.set(other.tier, other.iops);
  }
  return [...seen].map(([name, iops]) => ({ name, iops }));
}
