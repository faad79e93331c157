/** What is true of the production, asked of Azure Resource Manager and of PostgreSQL themselves and not of the run. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { json } from 'node:stream/consumers';
import { Client } from 'pg';
import type { LoggedRequest } from '../azure';
import { type Lab, production } from '../lab';

/** A server as Azure describes it, and as it describes itself. */
export interface Observed {
  name: string;
  sku: string;
  storageGb: number;
  maxConnections: number;
  sharedBuffers: string;
}

/** Throws when Azure or the server does not answer. */
export async function observe(lab: Lab, name: string): Promise<Observed> {
  const [{ sku, properties }, settings] = await Promise.all([askAzure(lab, name), askServer(lab, name)]);
  return { name, sku: sku.name, storageGb: properties.storage.storageSizeGB, ...settings };
}

interface FlexibleServer {
  sku: { name: string };
  properties: { storage: { storageSizeGB: number } };
}

async function askAzure(lab: Lab, name: string): Promise<FlexibleServer> {
  const { subscriptionId, resourceGroup } = production;
  const path = `/subscriptions/${subscriptionId}/resourceGroups/${resourceGroup}/providers/Microsoft.DBforPostgreSQL/flexibleServers/${name}?api-version=2025-08-01`;
  const asked = request(lab.resourceManager + path, {
    headers: { authorization: 'Bearer lab' },
    ca: readFileSync(lab.authorityFile),
  }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  if (answer.statusCode !== 200) throw new Error(`Azure answers ${answer.statusCode} when asked for ${name}`);
  return (await json(answer)) as FlexibleServer;
}

async function askServer(lab: Lab, name: string): Promise<Pick<Observed, 'maxConnections' | 'sharedBuffers'>> {
  const url = lab.secretFile(name, 'admin-url');
  if (!existsSync(url)) throw new Error(`the lab has no ${name}`);
  const client = new Client({ connectionString: readFileSync(url, 'utf8'), connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const { rows } = await client.query<{ connections: string; buffers: string }>(
      `SELECT current_setting('max_connections') AS connections, current_setting('shared_buffers') AS buffers`,
    );
    return { maxConnections: Number(rows[0]!.connections), sharedBuffers: rows[0]!.buffers };
  } finally {
    await client.end();
  }
}

/** A change of size that Azure took on: a 2xx whose operation was not refused in the end. */
export interface SkuChange {
  server: string;
  sku: string;
}

export function acceptedSkuChanges(requests: readonly LoggedRequest[]): SkuChange[] {
  return requests.flatMap(({ method, server, body, operation, operationRefused }) => {
    const sku = (body as { sku?: { name?: string } } | undefined)?.sku?.name;
    const accepted = method === 'PATCH' && operation !== undefined && !operationRefused;
    return accepted && server !== undefined && sku !== undefined ? [{ server, sku }] : [];
  });
}
