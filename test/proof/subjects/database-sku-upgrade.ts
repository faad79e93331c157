import type { Place, PrimaryWish } from '../harness/place';
import { key, type State, stateOfServers, type Subject, type Variant } from './subject';

/** Sizes with the settings that follow them: max_connections, and shared_buffers in pages of 8 kB (the lab's memory is a 64th). */
const small = { sku: 'Standard_D4ds_v4', connections: '1718', buffers: '8192' };
const large = { sku: 'Standard_D8ds_v4', connections: '3437', buffers: '16384' };

function sized({ sku, connections, buffers }: typeof small, place: Place): State {
  return Object.fromEntries(
    place.servers.flatMap((server) => [
      [key(place, server, 'ARM sku'), sku],
      [key(place, server, 'SQL max_connections'), connections],
      [key(place, server, 'SQL shared_buffers'), buffers],
    ]),
  );
}

function variant(name: string, from: PrimaryWish, to: typeof small, storageGb?: number): Variant {
  return {
    name,
    before: (place) => place.makeServers(from),
    input: (place) => ({ server: place.primary, sku: to.sku, ...(storageGb && { storageGb }) }),
    changes: (place) => ({
      ...sized(to, place),
      ...(storageGb &&
        Object.fromEntries(place.servers.map((server) => [key(place, server, 'ARM storage'), String(storageGb)]))),
    }),
  };
}

export const databaseSkuUpgrade: Subject = {
  runbook: 'databaseSkuUpgrade',
  variants: [
    variant('up, one replica', { sku: small.sku, replicas: 1 }, large),
    variant('up', { sku: small.sku }, large),
    variant('down', { sku: large.sku }, small),
    variant('up, two replicas', { sku: small.sku, replicas: 2 }, large),
    variant('up, with storage', { sku: small.sku, storageGb: 256 }, large, 512),
  ],
  state: stateOfServers,
};
