/** Servers that are simply there when a lab comes up: made without Azure's waiting, and only where they are missing. */
import { takeAutomaticBackup } from './backups';
import type { Context } from './context';
import { serverBody } from './flexible-servers/body';
import { makeServer, planCreate } from './flexible-servers/create';
import type { FlexibleServer, HighAvailability } from './flexible-servers/record';
import { makeReplica, planReplica } from './flexible-servers/replica';
import { serverId } from './names';
import { makeDatabase } from './routes/databases';

export interface SeedServer {
  name: string;
  sku: string;
  tier: string;
  storageGb: number;
  administratorLogin: string;
  administratorLoginPassword: string;
  highAvailability?: HighAvailability['mode'];
  tags?: Record<string, string>;
  /** Server parameters other than the defaults. */
  configuration?: Record<string, string>;
  databases?: string[];
}

export interface Seed {
  server: SeedServer;
  /** Names of its replicas, of its own size. */
  replicas?: string[];
}

/** Throws an AzureError for what Azure would refuse. */
export async function seed(context: Context, { server, replicas = [] }: Seed): Promise<void> {
  const now = new Date().toISOString();
  if (!context.store.server(server.name)) {
    const record = planCreate(server.name, bodyOf(context, server), () => false, now);
    const given = Object.entries(server.configuration ?? {});
    record.configuration = Object.fromEntries(given.map(([name, value]) => [name, { value, default: value }]));
    await make(context, record, async () => {
      await makeServer(context, server.name, server.administratorLoginPassword);
      for (const database of server.databases ?? []) await makeDatabase(context, server.name, database);
    });
    await takeAutomaticBackup(context, record.name);
  }
  for (const replica of replicas) {
    if (context.store.server(replica)) continue;
    const body = serverBody.parse({ properties: { sourceServerResourceId: idOf(context, server.name) } });
    const find = (name: string) => context.store.server(name);
    const record = planReplica(
      replica,
      body,
      find,
      (name) => context.store.replicasOf(name),
      () => false,
      now,
    );
    await make(context, record, () => makeReplica(context, replica, server.name));
  }
}

async function make(context: Context, record: FlexibleServer, work: () => Promise<void>): Promise<void> {
  context.store.putServer(record);
  try {
    await work();
  } catch (error) {
    context.store.removeServer(record.name);
    throw error;
  }
}

function bodyOf(context: Context, server: SeedServer) {
  return serverBody.parse({
    ...{ location: context.options.location, tags: server.tags, sku: { name: server.sku, tier: server.tier } },
    properties: {
      administratorLogin: server.administratorLogin,
      administratorLoginPassword: server.administratorLoginPassword,
      storage: { storageSizeGB: server.storageGb },
      highAvailability: { mode: server.highAvailability ?? 'Disabled' },
    },
  });
}

function idOf(context: Context, server: string): string {
  return serverId(context.options.subscriptionId, context.options.resourceGroup, server);
}
