/** Where a transaction came out behind the pooler, beside where it was to. */
import type { FlexibleServer } from '../azure/flexible-servers';
import type { DatabaseDependencies } from '../database/dependencies';
import { onServer } from '../database/sql';
import type { Passage } from '../pgbouncer/console';
import { type Cluster, readCluster } from '../postgres/reads';

/** Its copies have its identifier too: a replica that was promoted, a former primary, one that was restored. */
export type ServerIdentity = Pick<Cluster, 'systemIdentifier' | 'postmasterStartedAt'>;

export interface Primary extends ServerIdentity {
  name: string;
}

export function isSameServer(one: ServerIdentity, other: ServerIdentity): boolean {
  return one.systemIdentifier === other.systemIdentifier && one.postmasterStartedAt === other.postmasterStartedAt;
}

/** Asked on the direct way. */
export async function readPrimary(
  server: Pick<FlexibleServer, 'name' | 'host' | 'source'>,
  use: Pick<DatabaseDependencies, 'connections' | 'certificateFile'>,
): Promise<Primary> {
  const { systemIdentifier, postmasterStartedAt } = await onServer(server, 'admin', use, readCluster);
  return { name: server.name, systemIdentifier, postmasterStartedAt };
}

/** Pure. Not by the host's name: there can be several for one server. */
export function wrongBehind(passage: Passage, primary: Primary): string[] {
  const { tls, inRecovery } = passage;
  return [
    ...(tls === undefined ? ['its session on the server is not encrypted'] : []),
    ...(inRecovery ? ['it leads to a server in recovery'] : []),
    ...(isSameServer(passage, primary) ? [] : [`it leads to another server than ${primary.name}`]),
  ];
}
