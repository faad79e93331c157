/**
 * What Azure refuses of a server's new shape, whoever asks for it. Pure; table-tested.
 * Source: learn.microsoft.com, concepts-scaling-resources, concepts-read-replicas, concepts-compute.
 */
import { AzureError, providerErrors } from '../errors';
import { findSku, findStorageSize, performanceTiers, type Sku } from '../skus';
import type { ServerBody } from './body';
import type { FlexibleServer, HighAvailability, Storage } from './record';

/** The size a body asks for, checked against its tier and against what the region has. Undefined: none asked for. */
export function wantedSku(
  body: ServerBody,
  currentTier: string | undefined,
  unavailable: (name: string) => boolean,
  location: string,
): Sku | undefined {
  if (body.sku?.name === undefined) {
    if (body.sku?.tier !== undefined && body.sku.tier !== currentTier) throw providerErrors.skuTierMismatch();
    return undefined;
  }
  const sku = findSku(body.sku.name);
  if (!sku) throw providerErrors.invalidParameter('Sku.Name');
  if (sku.tier !== (body.sku.tier ?? currentTier ?? sku.tier)) throw providerErrors.skuTierMismatch();
  if (unavailable(sku.name)) throw providerErrors.skuUnavailable(sku.name, location);
  return sku;
}

/** The storage a body asks for on top of what there is. Throws when it shrinks, or is of no known size or tier. */
export function wantedStorage(body: ServerBody, current: Storage | undefined, defaultGb: number): Storage {
  const asked = body.properties.storage ?? {};
  const sizeGb = asked.storageSizeGB ?? current?.sizeGb ?? defaultGb;
  if (current && sizeGb < current.sizeGb) throw providerErrors.storageShrinks(current.sizeGb, sizeGb);
  const size = findStorageSize(sizeGb);
  if (!size) throw providerErrors.invalidParameter('StorageSizeGB');
  const same = current?.sizeGb === sizeGb;
  const tierName = asked.tier ?? (same ? current.tier : size.tier);
  const tier = performanceTiers(size).find(({ name }) => name === tierName);
  if (!tier) throw providerErrors.invalidParameter('Storage.Tier');
  return { sizeGb, autoGrow: asked.autoGrow ?? current?.autoGrow ?? 'Disabled', tier: tier.name, iops: tier.iops };
}

export function wantedRetention(body: ServerBody, current: number): number {
  const days = body.properties.backup?.backupRetentionDays ?? current;
  if (days < 7 || days > 35) throw providerErrors.invalidParameter('backupRetentionDays');
  return days;
}

export interface Shape {
  name: string;
  sku: Sku;
  storageGb: number;
  highAvailability: HighAvailability;
}

/** Throws when a server of that shape may not stand beside its primary and replicas. */
export function assertShape(shape: Shape, relatives: { primary?: FlexibleServer; replicas: FlexibleServer[] }): void {
  const { name, sku, storageGb, highAvailability } = shape;
  const { primary, replicas } = relatives;
  if (sku.tier === 'Burstable') {
    if (highAvailability.mode !== 'Disabled') throw providerErrors.burstableHighAvailability(name);
    if (primary || replicas.length > 0) throw providerErrors.burstableReplica(name);
  }
  if (primary && highAvailability.mode !== 'Disabled') {
    throw new AzureError(
      400,
      'HighAvailabilityNotSupportedOnReplica',
      `High availability is not supported on read replica '${name}'.`,
    );
  }
  for (const replica of replicas) {
    if (isLarger(sku, skuOf(replica))) throw providerErrors.primaryAboveReplica('compute size', replica.name);
    if (storageGb > replica.storage.sizeGb) throw providerErrors.primaryAboveReplica('storage size', replica.name);
  }
  if (primary) {
    if (isLarger(skuOf(primary), sku)) throw providerErrors.replicaBelowPrimary('compute size', primary.name);
    if (primary.storage.sizeGb > storageGb) throw providerErrors.replicaBelowPrimary('storage size', primary.name);
  }
}

export function skuOf(server: FlexibleServer): Sku {
  const sku = findSku(server.sku.name);
  if (!sku) throw new Error(`server ${server.name} has the unknown size ${server.sku.name}`);
  return sku;
}

/** More of either is larger. */
function isLarger(one: Sku, other: Sku): boolean {
  return one.vCores > other.vCores || one.memoryMb > other.memoryMb;
}
