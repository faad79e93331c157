/** FlexibleServers over Azure's own SDK: the only file that imports it. */
import {
  PostgreSQLManagementFlexibleServerClient as Client,
  type Capability,
  type Configuration,
  type Server,
} from '@azure/arm-postgresql-flexible';
import type { DescribedParameter, FlexibleServer, FlexibleServers, Offer } from './flexible-servers';
import { type ManagementOptions, resourceManager } from './resource-manager';

export function createFlexibleServers(options: ManagementOptions): FlexibleServers {
  const { subscriptionId, resourceGroup, credential } = options;
  const manager = resourceManager(options, (given) => new Client(credential, subscriptionId, given));
  const { reads, once, read, begin } = manager;
  const group = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}`;
  const idOf = (server: string) => `${group}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${server}`;

  return {
    readServer: async (server) => serverOf(await reads.servers.get(resourceGroup, server, read())),

    async readReplicas(server) {
      const replicas = await collect(reads.replicas.listByServer(resourceGroup, server, read()));
      return replicas.flatMap(({ name }) => (name ? [name] : [])).sort();
    },

    readParameter: async (server, name) =>
      parameterOf(await reads.configurations.get(resourceGroup, server, name, read())),

    async readParameters(server) {
      const all = await collect(reads.configurations.listByServer(resourceGroup, server, read()));
      return all.map(parameterOf);
    },

    readOffers: async (server) =>
      offersOf(await collect(reads.capabilitiesByServer.list(resourceGroup, server, read()))),

    async readOffersIn(location) {
      try {
        return offersOf(await collect(reads.capabilitiesByLocation.list(location, read())));
      } catch (error) {
        // NoRegisteredProviderFound, LocationNotAvailableForResourceType, …: it is no region of this resource.
        const { statusCode } = error as { statusCode?: number };
        if (statusCode === 400 || statusCode === 404) return [];
        throw error;
      }
    },

    async readVirtualEndpoints(server) {
      const all = await collect(reads.virtualEndpoints.listByServer(resourceGroup, server, read()));
      return all.map(({ name = '', members = [] }) => ({ name, members }));
    },

    async readSurroundings(server) {
      const [{ backup, privateEndpointConnections }, administrators] = await Promise.all([
        reads.servers.get(resourceGroup, server, read()),
        collect(reads.administratorsMicrosoftEntra.listByServer(resourceGroup, server, read())),
      ]);
      return {
        geoRedundantBackup: backup?.geoRedundantBackup === 'Enabled',
        backupRetentionDays: backup?.backupRetentionDays ?? 0,
        administrators: administrators.flatMap(({ principalName, name }) => principalName ?? name ?? []),
        privateEndpoints: (privateEndpointConnections ?? []).flatMap(({ name }) => name ?? []),
      };
    },

    async readFirewallRules(server) {
      const all = await collect(reads.firewallRules.listByServer(resourceGroup, server, read()));
      return all.map(({ name = '', startIpAddress, endIpAddress }) => ({ name, startIpAddress, endIpAddress }));
    },

    async readBackups(server) {
      const all = await collect(reads.backupsAutomaticAndOnDemand.listByServer(resourceGroup, server, read()));
      return all.flatMap(({ completedTime, source }) =>
        completedTime ? [{ completedAt: completedTime.toISOString(), automatic: source === 'Automatic' }] : [],
      );
    },

    readLocks: (server) => manager.locksOf(idOf(server)),
    readOpenOperations: (server) => manager.openOperationsOf(idOf(server)),

    changeSize: (server, { sku, tier }, change) =>
      begin((sdk) => once.servers.beginUpdate(resourceGroup, server, { sku: { name: sku, tier } }, sdk), change),

    changeStorage: (server, storageSizeGB, change) =>
      begin((sdk) => once.servers.beginUpdate(resourceGroup, server, { storage: { storageSizeGB } }, sdk), change),

    changeParameter: (server, { name, value }, change) =>
      begin(
        (sdk) => once.configurations.beginUpdate(resourceGroup, server, name, { value, source: 'user-override' }, sdk),
        change,
      ),

    changeFirewallRule: (server, { name, ...addresses }, change) =>
      begin((sdk) => once.firewallRules.beginCreateOrUpdate(resourceGroup, server, name, addresses, sdk), change),

    createReplica: ({ source, replica, location, tags, size }, change) =>
      begin((sdk) => {
        const sku = size ? { sku: { name: size.sku, tier: size.tier } } : {};
        const body = { location, tags, ...sku, createMode: 'Replica', sourceServerResourceId: source.id };
        return once.servers.beginCreateOrUpdate(resourceGroup, replica, body, sdk);
      }, change),

    promote: (server, change) =>
      begin((sdk) => {
        const replica = { role: 'Primary', promoteMode: 'Standalone', promoteOption: 'Planned' };
        return once.servers.beginUpdate(resourceGroup, server, { replica }, sdk);
      }, change),

    deleteServer: (server, change) => begin((sdk) => once.servers.beginDelete(resourceGroup, server, sdk), change),

    restart: (server, change) => begin((sdk) => once.servers.beginRestart(resourceGroup, server, sdk), change),

    pollOperation: manager.pollOperation,
  };
}

function offersOf(capabilities: Capability[]): Offer[] {
  const offers = capabilities
    .flatMap(({ supportedServerEditions }) => supportedServerEditions ?? [])
    .flatMap(({ name: tier, supportedServerSkus }) =>
      (supportedServerSkus ?? []).map(({ name, vCores = 0, supportedMemoryPerVcoreMb = 0 }): Offer => {
        return { sku: name ?? '', tier: tier ?? '', vCores, memoryGb: (vCores * supportedMemoryPerVcoreMb) / 1024 };
      }),
    );
  return [...new Map(offers.map((offer) => [`${offer.tier} ${offer.sku}`, offer])).values()];
}

async function collect<T>(pages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of pages) all.push(item);
  return all;
}

function serverOf(server: Server): FlexibleServer {
  const role = server.replica?.role ?? server.replicationRole ?? 'None';
  const source = role === 'Primary' || role === 'None' ? undefined : server.sourceServerResourceId?.split('/').at(-1);
  const earliest = server.backup?.earliestRestoreDate;
  return {
    name: server.name ?? '',
    id: server.id ?? '',
    location: (server.location ?? '').replaceAll(' ', '').toLowerCase(),
    sku: server.sku?.name ?? '',
    tier: server.sku?.tier ?? '',
    storageGb: server.storage?.storageSizeGB ?? 0,
    state: server.state ?? 'unknown',
    role,
    ...(source ? { source } : {}),
    highAvailability: server.highAvailability?.mode ?? 'Disabled',
    ...(server.network?.delegatedSubnetResourceId ? { subnet: server.network.delegatedSubnetResourceId } : {}),
    // One in a subnet says so too, and is none of these.
    ...(server.network?.publicNetworkAccess === 'Disabled' && !server.network.delegatedSubnetResourceId
      ? { privateOnly: true as const }
      : {}),
    version: server.version ?? '',
    host: server.fullyQualifiedDomainName ?? '',
    tags: server.tags ?? {},
    ...(earliest ? { earliestRestoreDate: earliest.toISOString() } : {}),
  };
}

function parameterOf(configuration: Configuration): DescribedParameter {
  const { name = '', value = '', defaultValue = '', source = '', unit, isConfigPendingRestart = false } = configuration;
  const { dataType = '', allowedValues = '', isDynamicConfig = true, isReadOnly = false } = configuration;
  return {
    ...{ name, value, defaultValue, source, ...(unit ? { unit } : {}), pendingRestart: isConfigPendingRestart },
    ...{ dataType, allowedValues, isReadOnly, isStatic: !isDynamicConfig },
  };
}
