/** What a region offers, as `capabilities` of a location and of a server list it. Pure. */
import { performanceTiers, skus, storageSizes, tiers } from './skus';

const zones = ['1', '2', '3'];
const haModes = ['SameZone', 'ZoneRedundant'];

const feature = (name: string, status: 'Enabled' | 'Disabled' = 'Enabled') => ({ name, status });

/** `unavailable` sizes are left out, as Azure does where a region has none. */
export function capabilities(unavailable: (sku: string) => boolean, version: string) {
  return {
    value: [
      {
        name: 'FlexibleServerCapabilities',
        supportedServerEditions: tiers.map((tier) => ({
          supportedServerSkus: skus
            .filter((sku) => sku.tier === tier.name && !unavailable(sku.name))
            .map((sku) => ({
              supportedFeatures: [],
              name: sku.name,
              vCores: sku.vCores,
              supportedIops: sku.iops,
              supportedMemoryPerVcoreMb: sku.memoryMb / sku.vCores,
              supportedZones: zones,
              supportedHaMode: haModes,
            })),
          name: tier.name,
          defaultSkuName: tier.defaultSku,
          supportedStorageEditions: [
            {
              name: 'ManagedDisk',
              defaultStorageSizeMb: tier.defaultStorageGb * 1024,
              supportedStorageMb: storageSizes.map((size) => ({
                supportedIops: size.iops,
                storageSizeMb: size.sizeMb,
                defaultIopsTier: size.tier,
                supportedIopsTiers: performanceTiers(size),
              })),
            },
          ],
        })),
        supportedServerVersions: [{ supportedFeatures: [], name: version, supportedVersionsToUpgrade: [] }],
        supportedFastProvisioningEditions: [],
        supportedFeatures: [
          feature('FastProvisioning', 'Disabled'),
          feature('ZoneRedundantHa'),
          feature('GeoBackup'),
          feature('ZoneRedundantHaAndGeoBackup'),
          feature('StorageAutoGrowth'),
          feature('OnlineResize'),
          feature('OfferRestricted', 'Disabled'),
          feature('IndexTuning', 'Disabled'),
          feature('Clusters', 'Disabled'),
        ],
        fastProvisioningSupported: 'Disabled',
        geoBackupSupported: 'Enabled',
        zoneRedundantHaSupported: 'Enabled',
        zoneRedundantHaAndGeoBackupSupported: 'Enabled',
        storageAutoGrowthSupported: 'Enabled',
        onlineResizeSupported: 'Enabled',
        restricted: 'Disabled',
      },
    ],
  };
}
