/** The changes that a flexible server can be given, each as long-operation.ts wants it: is it there, and send it. */
import type { FlexibleServer, FlexibleServers } from '../azure/flexible-servers';
import type { RequestIdentity } from '../request-identity';
import type { Change } from '../azure/change';
import { failure } from '../failures';
import { readSettings } from '../postgres/reads';
import type { Compute } from './contract';
import type { DatabaseDependencies } from './dependencies';
import { configuredBytes } from './judgement';
import { onServer } from './sql';

/** Takes effect with the next restart, where the parameter is a static one. */
export function parameterChange(
  server: string,
  [name, value]: [string, string],
  servers: FlexibleServers,
  identity: RequestIdentity,
): Change<FlexibleServer> {
  return {
    name: `${name} = ${value}`,
    isThere: async () => (await servers.readParameter(server, name)).value === value,
    send: (accepted) => servers.changeParameter(server, { name, value }, { identity, accepted }),
  };
}

export interface SizeChange extends Change<FlexibleServer> {
  /** ARM showed this size already when it was asked for: Azure need not have restarted the server for that. */
  wasShown(): boolean;
}

/**
 * Restarts the server. `undo`: ARM's word is not enough, because an operation that failed half-way may leave ARM with the old
 * size and the server with the new one. Asking for the old size again then is what repairs it, and does nothing where there
 * is nothing to repair.
 */
export function sizeChange(
  server: string,
  { sku, tier }: Compute,
  use: DatabaseDependencies,
  identity: RequestIdentity,
  undo: boolean,
): SizeChange {
  let shown = false;
  return {
    name: `size ${sku}`,
    wasShown: () => shown,
    async isThere(now) {
      shown = now.sku === sku && now.tier === tier;
      return shown && (!undo || (await runsWithItsMemory(now, use)));
    },
    send: (accepted) => use.servers.changeSize(server, { sku, tier }, { identity, accepted }),
  };
}

async function runsWithItsMemory(server: FlexibleServer, use: DatabaseDependencies): Promise<boolean> {
  const buffers = await use.servers.readParameter(server.name, 'shared_buffers');
  const { sharedBuffersBytes } = await onServer(server, 'application', use, (client) => readSettings(client));
  return sharedBuffersBytes === (configuredBytes(buffers) ?? sharedBuffersBytes);
}

/**
 * Needed only where the size was there already while the server still runs with other parameters: after an operation that
 * restarted it and then failed. Never after a size change of this activity, which restarts it by itself: for a minute the
 * name may still lead to the old server, and asking that one would cost clients a second outage. A size that was asked for
 * again, because the server does not run as ARM shows it, may have restarted nothing: then the server is asked.
 */
export function restartChange(
  server: string,
  { parameters }: Compute,
  use: DatabaseDependencies,
  identity: RequestIdentity,
  size: SizeChange,
): Change<FlexibleServer> {
  return {
    name: 'restart',
    async isThere(now, accepted) {
      if (accepted.includes(size.name) && !size.wasShown()) return true;
      const names = Object.keys(parameters);
      const { settings } = await onServer(now, 'application', use, (client) => readSettings(client, names));
      return names.every((name) => settings[name] === parameters[name]);
    },
    send: (accepted) => use.servers.restart(server, { identity, accepted }),
  };
}

/** Throws StorageCannotShrink where the server has more already. */
export function storageChange(
  server: string,
  storageGb: number,
  servers: FlexibleServers,
  identity: RequestIdentity,
): Change<FlexibleServer> {
  return {
    name: `storage ${storageGb} GiB`,
    isThere(now) {
      if (now.storageGb > storageGb) {
        throw failure('StorageCannotShrink', `${server} has ${now.storageGb} GiB; ${storageGb} GiB was asked for`);
      }
      return now.storageGb === storageGb;
    },
    send: (accepted) => servers.changeStorage(server, storageGb, { identity, accepted }),
  };
}
