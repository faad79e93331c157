/** Where a transaction came out behind the pooler, beside where it was to. */
import type { FlexibleServer } from '../azure/flexible-servers';
import type { DatabaseDependencies } from '../database/dependencies';
import { onServer } from '../database/sql';
import type { Passage } from '../pgbouncer/console';
import { readCluster } from '../postgres/reads';

export interface Primary {
  name: string;
  systemIdentifier: string;
}

/** Asked on the direct way. */
export async function readPrimary(
  server: Pick<FlexibleServer, 'name' | 'host' | 'source'>,
  use: Pick<DatabaseDependencies, 'connections' | 'certificateFile'>,
): Promise<Primary> {
  const { systemIdentifier } = await onServer(server, 'admin', use, readCluster);
  return { name: server.name, systemIdentifier };
}

/** Pure. Not by the host's name: there can be several for one server. */
export function wrongBehind({ tls, inRecovery, systemIdentifier }: Passage, primary: Primary): string[] {
  return [
    ...(tls === undefined ? ['its session on the server is not encrypted'] : []),
    ...(inRecovery ? ['it leads to a server in recovery'] : []),
    ...(systemIdentifier === primary.systemIdentifier ? [] : [`it leads to another server than ${primary.name}`]),
  ];
}
