/**
 * PATCH (and PUT of a server that exists): what changes, how long it takes, and doing it.
 *
 * Compute changes restart PostgreSQL once, near the end of their time, with the new size's memory settings; GET shows the
 * old size until the operation is over. Storage follows in the same operation.
 */
import { escapeIdentifier, escapeLiteral } from 'pg';
import type { Context } from '../context';
import { timings, type Timing } from '../durations';
import { providerErrors } from '../errors';
import type { OperationKind } from '../operations';
import { memorySettings, type Sku } from '../skus';
import type { ServerBody } from './body';
import type { FlexibleServer } from './record';
import { assertShape, skuOf, wantedRetention, wantedSku, wantedStorage } from './rules';

export interface Update {
  server: FlexibleServer;
  /** True when PostgreSQL must restart with another size's settings. */
  compute: boolean;
  storage: boolean;
}

/** Where in the time of a compute change the restart lies. */
const restartAt = 0.8;

/** The server as the body wants it. Throws what Azure refuses. */
export function planUpdate(
  current: FlexibleServer,
  body: ServerBody,
  relatives: { primary?: FlexibleServer; replicas: FlexibleServer[] },
  unavailable: (sku: string) => boolean,
): Update {
  const { properties } = body;
  const sku: Sku = wantedSku(body, current.sku.tier, unavailable, current.location) ?? skuOf(current);
  const storage = wantedStorage(body, current.storage, current.storage.sizeGb);
  const server: FlexibleServer = {
    ...current,
    sku: { name: sku.name, tier: sku.tier },
    storage,
    tags: body.tags ?? current.tags,
    backup: {
      retentionDays: wantedRetention(body, current.backup.retentionDays),
      geoRedundant: properties.backup?.geoRedundantBackup ?? current.backup.geoRedundant,
    },
    highAvailability: mergeHighAvailability(current, body),
    maintenanceWindow: { ...current.maintenanceWindow, ...properties.maintenanceWindow },
    authConfig: mergeAuthConfig(current, body),
    publicNetworkAccess: properties.network?.publicNetworkAccess ?? current.publicNetworkAccess,
  };
  if (properties.administratorLogin && properties.administratorLogin !== current.administratorLogin) {
    throw providerErrors.invalidParameter('administratorLogin');
  }
  if (properties.administratorLoginPassword && current.source !== undefined) {
    throw providerErrors.replicaIsReadOnly(current.name, 'password');
  }
  if (properties.version && properties.version !== current.version) throw providerErrors.invalidParameter('version');
  assertShape(
    { name: current.name, sku, storageGb: storage.sizeGb, highAvailability: server.highAvailability },
    relatives,
  );
  return {
    server,
    compute: sku.name !== current.sku.name || (current.drifted === true && body.sku?.name !== undefined),
    storage: storage.sizeGb !== current.storage.sizeGb || storage.tier !== current.storage.tier,
  };
}

export function updateTiming(update: { compute: boolean; storage: boolean }): Timing {
  const parts = [...(update.compute ? [timings.compute] : []), ...(update.storage ? [timings.storage] : [])];
  if (parts.length === 0) return timings.otherProperties;
  return {
    seconds: parts.reduce((sum, part) => sum + part.seconds, 0),
    retryAfterSeconds: Math.max(...parts.map((part) => part.retryAfterSeconds)),
  };
}

export interface UpdateParameters {
  body: ServerBody;
  /** Share of the time that belongs to compute. */
  computeShare: number;
}

export const update: OperationKind<UpdateParameters> = {
  repeatable: true,
  async perform(context, operation, time) {
    const current = context.store.server(operation.server);
    if (!current) throw providerErrors.childNotFound(operation.server);
    const relatives = relativesOf(context, current);
    const wanted = planUpdate(current, operation.parameters.body, relatives, () => false);
    const failure = wanted.compute ? context.faults.upgradeFails(operation) : undefined;

    if (wanted.compute) {
      await time.reach(operation.parameters.computeShare * restartAt);
      // A daemon that was stopped after the restart does not do it again.
      if (failure !== 'old' && !operation.restarted) {
        await restartWith(context, wanted.server).catch((error: unknown) => {
          // Its configuration is the new size's already, or half of it; asking for a size again puts that right.
          if (context.store.server(operation.server)) {
            context.store.putServer({ ...latest(context, current), drifted: true });
          }
          throw error;
        });
        operation.restarted = true;
        context.store.save();
      }
      if (failure === 'mixed') context.store.putServer({ ...latest(context, current), drifted: true });
      if (failure === 'new')
        context.store.putServer({ ...latest(context, current), sku: wanted.server.sku, drifted: undefined });
      if (failure) throw providerErrors.unexpected(operation.id);
    }
    const password = context.operations.secretOf<string | undefined>(operation);
    if (password) await changePassword(context, current, password);
    await time.reach(1);
    context.store.putServer({
      ...wanted.server,
      ...keptByProcess(context, current),
      drifted: wanted.compute ? undefined : current.drifted,
    });
  },
};

export function relativesOf(
  context: Context,
  server: FlexibleServer,
): { primary?: FlexibleServer; replicas: FlexibleServer[] } {
  return {
    primary: server.source === undefined ? undefined : context.store.server(server.source),
    replicas: context.store.replicasOf(server.name),
  };
}

async function restartWith(context: Context, server: FlexibleServer): Promise<void> {
  const process = context.postgres(server.name);
  const sized = Object.entries(memorySettings(skuOf(server), context.options.memoryFactor));
  const following = sized.filter(([name]) => !(name in server.configuration));
  await process.configure(Object.fromEntries(following));
  await process.restart();
}

async function changePassword(context: Context, server: FlexibleServer, password: string): Promise<void> {
  const login = escapeIdentifier(server.administratorLogin);
  await context.postgres(server.name).sql(`ALTER ROLE ${login} PASSWORD ${escapeLiteral(password)}`);
}

function latest(context: Context, server: FlexibleServer): FlexibleServer {
  return context.store.server(server.name) ?? server;
}

/** What others may have changed while the operation ran. */
function keptByProcess(context: Context, server: FlexibleServer): Partial<FlexibleServer> {
  const { backups, firewallRules, virtualEndpoints, administrators, configuration } = latest(context, server);
  return { backups, firewallRules, virtualEndpoints, administrators, configuration };
}

function mergeHighAvailability(current: FlexibleServer, body: ServerBody): FlexibleServer['highAvailability'] {
  const asked = body.properties.highAvailability;
  const mode = asked?.mode ?? current.highAvailability.mode;
  if (mode === 'Disabled') return { mode };
  return {
    mode,
    standbyAvailabilityZone: asked?.standbyAvailabilityZone || current.highAvailability.standbyAvailabilityZone,
  };
}

function mergeAuthConfig(current: FlexibleServer, body: ServerBody): FlexibleServer['authConfig'] {
  const { tenantId, ...switches } = body.properties.authConfig ?? {};
  return { ...current.authConfig, ...switches, ...(tenantId ? { tenantId } : {}) };
}
