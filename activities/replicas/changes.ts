/** Making and removing a replica, as changes of its source: Azure keeps the source busy for both. Sent once each. */
import type { Change } from '../azure/change';
import type { FlexibleServers } from '../azure/flexible-servers';
import { azureProblem } from '../azure/failures';
import { failure } from '../failures';
import type { RequestIdentity } from '../request-identity';
import type { ReplicaIdentity } from './contract';

type Servers = Pick<FlexibleServers, 'readServer' | 'createReplica' | 'deleteServer'>;

export async function findServer(name: string, servers: Pick<FlexibleServers, 'readServer'>) {
  try {
    return await servers.readServer(name);
  } catch (error) {
    if (azureProblem(error)?.type === 'ServerNotFound') return undefined;
    throw error;
  }
}

/** Throws Drift where a server of that name follows another, or none. */
export function creation(
  { source, replica }: ReplicaIdentity,
  location: string | undefined,
  servers: Servers,
  identity: RequestIdentity,
): Change {
  return {
    name: `replica ${replica}`,
    async isThere() {
      const found = await findServer(replica, servers);
      if (found && found.source !== source) {
        throw failure('Drift', `${replica} is there and follows ${found.source ?? 'nobody'}, not ${source}`);
      }
      return found?.state === 'Ready';
    },
    async send(accepted) {
      const primary = await servers.readServer(source);
      return servers.createReplica(
        { source: primary, replica, location: location ?? primary.location },
        { identity, accepted },
      );
    },
  };
}

export function removal({ replica }: ReplicaIdentity, servers: Servers, identity: RequestIdentity): Change {
  return {
    name: `no replica ${replica}`,
    isThere: async () => (await findServer(replica, servers)) === undefined,
    send: (accepted) => servers.deleteServer(replica, { identity, accepted }),
  };
}
