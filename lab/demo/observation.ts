/** What is true of the production, asked of Azure Resource Manager and of PostgreSQL themselves and not of the run. */
import { existsSync, readFileSync } from 'node:fs';
import { Client } from 'pg';
import type { LoggedRequest } from '../azure';
import type { Lab } from '../lab';
import { askAboutServer } from '../resource-manager';

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
  const [{ sku, properties }, settings] = await Promise.all([askAboutServer(lab, 'GET', name), askServer(lab, name)]);
  return { name, sku: sku.name, storageGb: properties.storage.storageSizeGB, ...settings };
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
