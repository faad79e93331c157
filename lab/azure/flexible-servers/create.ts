/** PUT of a server that does not exist: a new PostgreSQL of its own (here) or a replica (replica.ts). */
import type { Context } from '../context';
import { providerErrors } from '../errors';
import { isRegion, regionName } from '../names';
import type { OperationKind } from '../operations';
import { defaultMaxConnections, findSku, tiers, type Sku } from '../skus';
import type { ServerBody } from './body';
import type { FlexibleServer } from './record';
import { assertShape, wantedRetention, wantedSku, wantedStorage } from './rules';
import { settingsOf } from './settings';
import { takeAutomaticBackup } from '../backups';

/** The version that every server of the lab has. */
export const postgresVersion = '17';
const serverName = /^[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]$/;

export function isServerName(name: string): boolean {
  return serverName.test(name);
}

/** The record of a server that is about to be made. Throws what Azure refuses. */
export function planCreate(
  name: string,
  body: ServerBody,
  unavailable: (sku: string) => boolean,
  now: string,
): FlexibleServer {
  const { properties } = body;
  if (!isServerName(name)) throw providerErrors.invalidParameter('serverName');
  const location = body.location ?? '';
  if (!isRegion(location)) throw providerErrors.invalidParameter('location');
  if (body.sku?.name === undefined) throw providerErrors.invalidParameter('Sku.Name');
  const sku: Sku = wantedSku(body, undefined, unavailable, location) ?? findSku(body.sku.name)!;
  if (!properties.administratorLogin) throw providerErrors.invalidParameter('administratorLogin');
  if (!properties.administratorLoginPassword) throw providerErrors.invalidParameter('administratorLoginPassword');
  if ((properties.version ?? postgresVersion) !== postgresVersion) throw providerErrors.invalidParameter('version');
  const defaultGb = tiers.find(({ name: tier }) => tier === sku.tier)?.defaultStorageGb ?? 32;
  const storage = wantedStorage(body, undefined, defaultGb);
  const highAvailability = { mode: properties.highAvailability?.mode ?? ('Disabled' as const) };
  assertShape({ name, sku, storageGb: storage.sizeGb, highAvailability }, { replicas: [] });
  return {
    ...{ name, location: regionName(location), createdAt: now, tags: body.tags },
    ...{ sku: { name: sku.name, tier: sku.tier }, version: postgresVersion, minorVersion: '' },
    administratorLogin: properties.administratorLogin,
    ...{ fullyQualifiedDomainName: '', started: false, storage },
    availabilityZone: properties.availabilityZone || '1',
    backup: {
      retentionDays: wantedRetention(body, 7),
      geoRedundant: properties.backup?.geoRedundantBackup ?? 'Disabled',
    },
    highAvailability: {
      ...highAvailability,
      standbyAvailabilityZone: properties.highAvailability?.standbyAvailabilityZone || undefined,
    },
    maintenanceWindow: {
      customWindow: 'Disabled',
      dayOfWeek: 0,
      startHour: 0,
      startMinute: 0,
      ...properties.maintenanceWindow,
    },
    authConfig: { activeDirectoryAuth: 'Disabled', passwordAuth: 'Enabled', ...withoutEmpty(properties.authConfig) },
    publicNetworkAccess: properties.network?.publicNetworkAccess ?? 'Enabled',
    maxConnections: defaultMaxConnections(sku),
    ...{ configuration: {}, backups: [], firewallRules: {}, virtualEndpoints: {}, administrators: {} },
  };
}

export const create: OperationKind = {
  repeatable: false,
  async perform(context, operation, time) {
    const password = context.operations.secretOf<string>(operation);
    try {
      await makeServer(context, operation.server, password);
      await time.reach(1);
    } catch (error) {
      await unmakeServer(context, operation.server);
      throw error;
    }
    void takeAutomaticBackup(context, operation.server);
  },
  abandon: (context, operation) => unmakeServer(context, operation.server),
};

/** Makes the PostgreSQL of a server whose record is there. */
export async function makeServer(context: Context, name: string, password: string): Promise<void> {
  const server = context.store.server(name)!;
  const process = await context.options.servers.create({
    ...{ name: server.name, administratorLogin: server.administratorLogin, administratorLoginPassword: password },
    settings: settingsOf(server, context.options.memoryFactor),
  });
  await adopt(context, server, process);
}

/** Notes what only the process knows: its address and minor version. */
export async function adopt(
  context: Context,
  server: FlexibleServer,
  process: ReturnType<Context['postgres']>,
): Promise<void> {
  context.keepPostgres(server.name, process);
  const [row] = await process.sql<{ version: string }>(`SELECT current_setting('server_version') AS version`);
  server.fullyQualifiedDomainName = process.options.address;
  server.minorVersion = /^\d+\.(\d+)/.exec(row?.version ?? '')?.[1] ?? '0';
  server.started = true;
  context.store.putServer(server);
}

export async function unmakeServer(context: Context, name: string): Promise<void> {
  await context.options.servers.remove(name);
  context.keepPostgres(name, undefined);
  context.store.removeServer(name);
}

function withoutEmpty<T extends object>(value: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(value ?? {}).filter(([, inner]) => inner !== '')) as Partial<T>;
}
