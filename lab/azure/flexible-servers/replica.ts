/** PUT with createMode Replica: a streaming standby of the source, which is `Updating` meanwhile. */
import { providerErrors } from '../errors';
import { isRegion, regionName, serverNameOf } from '../names';
import type { OperationKind } from '../operations';
import type { Context } from '../context';
import type { ServerBody } from './body';
import { adopt, isServerName, unmakeServer } from './create';
import type { FlexibleServer } from './record';
import { replicaCapacity } from './resource';
import { assertShape, skuOf, wantedSku, wantedStorage } from './rules';
import { settingsOf } from './settings';

export interface ReplicaParameters {
  source: string;
}

/** The record of a replica that is about to be made. Throws what Azure refuses. */
export function planReplica(
  name: string,
  body: ServerBody,
  find: (server: string) => FlexibleServer | undefined,
  replicasOf: (server: string) => FlexibleServer[],
  unavailable: (sku: string) => boolean,
  now: string,
): FlexibleServer {
  if (!isServerName(name)) throw providerErrors.invalidParameter('serverName');
  const sourceId = body.properties.sourceServerResourceId ?? '';
  const source = find(serverNameOf(sourceId) ?? sourceId);
  if (!source) throw providerErrors.sourceNotFound(sourceId);
  if (source.source !== undefined) throw providerErrors.sourceIsReplica(source.name);
  if (!source.started) throw providerErrors.sourceNotReady(source.name, 'Stopped');
  if (replicasOf(source.name).length >= replicaCapacity)
    throw providerErrors.tooManyReplicas(source.name, replicaCapacity);
  const location = body.location ?? source.location;
  if (!isRegion(location)) throw providerErrors.invalidParameter('location');
  const sku = wantedSku(body, source.sku.tier, unavailable, location) ?? skuOf(source);
  if (sku.tier === 'Burstable' || source.sku.tier === 'Burstable') throw providerErrors.burstableReplica(source.name);
  const storage = wantedStorage(body, undefined, source.storage.sizeGb);
  const highAvailability = { mode: 'Disabled' } as const;
  assertShape({ name, sku, storageGb: storage.sizeGb, highAvailability }, { primary: source, replicas: [] });
  return {
    ...source,
    ...{ name, location: regionName(location), createdAt: now, tags: body.tags, source: source.name },
    ...{ sku: { name: sku.name, tier: sku.tier }, storage, highAvailability, started: false },
    ...{ fullyQualifiedDomainName: '', availabilityZone: body.properties.availabilityZone || source.availabilityZone },
    configuration: structuredClone(source.configuration),
    ...{ backups: [], firewallRules: {}, virtualEndpoints: {}, administrators: {}, drifted: undefined },
  };
}

export const createReplica: OperationKind<ReplicaParameters> = {
  repeatable: true,
  async perform(context, operation, time) {
    try {
      await makeReplica(context, operation.server, operation.parameters.source);
      await time.reach(1);
    } catch (error) {
      // Not when the daemon stops: the next one makes the replica anew.
      if (!(error instanceof Error && error.name === 'AbortError')) await unmakeServer(context, operation.server);
      throw error;
    }
  },
};

/** Makes the standby of a record that is there; what an attempt that broke off left is removed first. */
export async function makeReplica(context: Context, name: string, source: string): Promise<void> {
  const server = context.store.server(name)!;
  await context.options.servers.remove(server.name);
  const spec = { name: server.name, settings: settingsOf(server, context.options.memoryFactor) };
  await adopt(context, server, await context.options.servers.createStandby(spec, context.postgres(source)));
  await context.faults.spoilReplica(name, source);
}
