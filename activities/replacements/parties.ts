/** Who takes part in a replacement: the pooler, the replacement, the application as it comes through the pooler. */
import type { FlexibleServer } from '../azure/flexible-servers';
import { urlOf } from '../database/sql';
import { failure } from '../failures';
import type { ReplicaIdentity } from '../replicas/contract';
import { findPool, type Pool } from '../restarts/pool';
import type { ReplacementDependencies } from './dependencies';

/** Kept over the whole switchover: a server that does not answer is asked again. */
export const limits = { connectMs: 2000, statementMs: 5000 };

export type Party = Pick<FlexibleServer, 'name' | 'host' | 'source'>;

/** Throws ConfigurationMissing where there is none. */
export async function poolOf(use: ReplacementDependencies): Promise<Pool> {
  const pool = await findPool(use);
  if (typeof pool === 'object') return pool;
  throw failure(
    'ConfigurationMissing',
    pool ? 'this worker knows no cluster' : 'there is no pooler (deployPgbouncer makes one)',
  );
}

/** Its passwords are its source's, also when it follows nobody any more. */
export async function replacementOf(
  { source, replica }: ReplicaIdentity,
  { servers }: ReplacementDependencies,
): Promise<Party> {
  return { name: replica, host: (await servers.readServer(replica)).host, source };
}

/** As the pool logs in: what the worker was told of the application may be older. */
export async function clientUrl(server: Party, { upstream }: Pool, use: ReplacementDependencies): Promise<string> {
  const url = new URL(await urlOf(server, 'application', use.connections, upstream.database));
  const [username, password] = [upstream.role, upstream.password].map(encodeURIComponent);
  return Object.assign(url, { username, password }).href;
}
