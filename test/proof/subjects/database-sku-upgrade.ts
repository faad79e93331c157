import type { PrimaryWish, Servers } from '../harness/servers';
import { key, type State, stateOfServers, type Subject, type Variant } from './subject';

/** Sizes with the settings that follow them: max_connections, and shared_buffers in pages of 8 kB (the lab's memory is a 64th). */
const small = { sku: 'Standard_D4ds_v4', connections: '1718', buffers: '8192' };
const large = { sku: 'Standard_D8ds_v4', connections: '3437', buffers: '16384' };

function sized({ sku, connections, buffers }: typeof small, servers: Servers): State {
  return Object.fromEntries(
    servers.names.flatMap((server) => [
      [key(servers, server, 'ARM sku'), sku],
      [key(servers, server, 'SQL max_connections'), connections],
      [key(servers, server, 'SQL shared_buffers'), buffers],
    ]),
  );
}

function variant(name: string, from: PrimaryWish, to: typeof small, storageGb?: number): Variant {
  return {
    name,
    before: ({ servers }) => servers.make(from),
    input: ({ servers }) => ({ server: servers.primary, sku: to.sku, ...(storageGb && { storageGb }) }),
    changes: ({ servers }) => ({
      ...sized(to, servers),
      ...(storageGb &&
        Object.fromEntries(servers.names.map((server) => [key(servers, server, 'ARM storage'), String(storageGb)]))),
    }),
  };
}

/** Its clients would be cut off before a restart is over: they are let wait for it, and no longer when it is. */
const behindPooler: Variant = {
  ...{ name: 'up, behind a pooler', cluster: true },
  before: (place) =>
    place.goBehindOwnPooler({ sku: small.sku }, { queryWaitTimeoutSeconds: 20, serverLoginRetrySeconds: 15 }),
  troubles: ['a pod hangs', 'a pod misses the reload'],
  // A server is made larger also while the cluster is in trouble.
  warnings: ['a pod hangs'],
  input: ({ servers }) => ({ server: servers.primary, sku: large.sku }),
  changes: ({ servers }) => sized(large, servers),
};

export const databaseSkuUpgrade: Subject = {
  runbook: 'databaseSkuUpgrade',
  variants: [
    variant('up, one replica', { sku: small.sku, replicas: 1 }, large),
    variant('up', { sku: small.sku }, large),
    variant('down', { sku: large.sku }, small),
    variant('up, two replicas', { sku: small.sku, replicas: 2 }, large),
    variant('up, with storage', { sku: small.sku, storageGb: 256 }, large, 512),
    behindPooler,
  ],
  state: async (place) => ({
    ...(await stateOfServers(place)),
    ...(place.isBehindPooler ? { ...(await place.pooler.pauses()), ...(await place.pooler.waits()) } : {}),
  }),
};
