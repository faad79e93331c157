/** Making and removing a replica, as changes of its source: Azure keeps the source busy for both. Sent once each. */
import type { Change } from '../azure/change';
import type { FlexibleServer, FlexibleServers } from '../azure/flexible-servers';
import { azureProblem } from '../azure/failures';
import { failure } from '../failures';
import type { RequestIdentity } from '../request-identity';
import type { ReplicaIdentity, ReplicaWish } from './contract';

type Servers = Pick<FlexibleServers, 'readServer' | 'createReplica' | 'deleteServer'>;

export async function findServer(name: string, servers: Pick<FlexibleServers, 'readServer'>) {
  try {
    return await servers.readServer(name);
  } catch (error) {
    if (azureProblem(error)?.type === 'ServerNotFound') return undefined;
    throw error;
  }
}

/** By which a run knows again what it has made. */
const runTag = 'durable-runbooks-run';

/** Throws Drift where a server of that name follows another, or none. */
export function creation(
  { source, replica, location, size }: ReplicaIdentity & ReplicaWish,
  servers: Servers,
  identity: RequestIdentity,
): Change<FlexibleServer> {
  return {
    name: `replica ${replica}`,
    loggedUnder: replica,
    async isThere() {
      const found = await findServer(replica, servers);
      if (found) assertOurs(found, source, identity);
      return found?.state === 'Ready';
    },
    async send(accepted) {
      const primary = await servers.readServer(source);
      const tags = { [runTag]: identity.correlationId };
      return servers.createReplica(
        { source: primary, replica, location: location ?? primary.location, tags, ...(size ? { size } : {}) },
        { identity, accepted },
      );
    },
  };
}

/**
 * Throws Drift for a server that this run has not made: it is not deleted. `assertUnused` throws where somebody is on it. It
 * is asked right before the request: its source may have been busy for minutes, and somebody may have come meanwhile.
 */
export function removal(
  { source, replica }: ReplicaIdentity,
  servers: Servers,
  identity: RequestIdentity,
  assertUnused: () => Promise<void>,
): Change<FlexibleServer> {
  return {
    name: `no replica ${replica}`,
    loggedUnder: replica,
    async isThere() {
      const found = await findServer(replica, servers);
      if (found) assertOurs(found, source, identity);
      return found === undefined;
    },
    async send(accepted) {
      await assertUnused();
      return servers.deleteServer(replica, { identity, accepted });
    },
  };
}

function assertOurs(found: FlexibleServer, source: string, { correlationId }: RequestIdentity): void {
  if (found.source === source && found.tags[runTag] === correlationId) return;
  const follows = `follows ${found.source ?? 'nobody'}`;
  const whose =
    found.tags[runTag] === correlationId ? `though it was made to follow ${source}` : 'and was not made by this run';
  throw failure('Drift', `${found.name} is there, ${follows}, ${whose}: it is left alone`);
}
