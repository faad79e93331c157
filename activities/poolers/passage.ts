/** Where a transaction came out behind the pooler, beside where it was to. */
import type { FlexibleServer } from '../azure/flexible-servers';
import type { DatabaseDependencies } from '../database/dependencies';
import { onServer } from '../database/sql';
import type { Upstream } from '../pgbouncer/configuration';
import type { Passage } from '../pgbouncer/console';
import { reading } from '../postgres/connection';
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

/** The application's URL, at that host. */
export function urlAt(host: string, { role, password, port, database }: Upstream): string {
  const url = new URL(`postgresql://server/${encodeURIComponent(database)}`);
  const [username, secret] = [role, password].map(encodeURIComponent);
  return Object.assign(url, { hostname: host, port: String(port), username, password: secret }).href;
}

/**
 * Whether the application's URL leads to that very primary. Undefined where that cannot be asked: its host may be a name that only
 * pods know.
 */
export async function leadsTo(
  primary: ServerIdentity,
  upstream: Upstream,
  { certificateFile }: Pick<DatabaseDependencies, 'certificateFile'>,
): Promise<boolean | undefined> {
  const url = urlAt(upstream.host, upstream);
  const reached = await reading(url, certificateFile, readCluster).catch(() => undefined);
  return reached && isSameServer(reached, primary);
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
