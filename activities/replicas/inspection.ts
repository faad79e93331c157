/** What preflight reads for a new replica: the source as for any change of it, the name, the markers, the readers. */
import { connectionUrl } from '../postgres/connection-url';
import { lackingForMarkers, markerTable } from '../postgres/markers';
import { inspect } from '../database/inspection';
import { onServer } from '../database/sql';
import { controllerOf } from '../deployments/controller';
import { answers } from '../deployments/endpoint';
import { comesByItself } from '../kubernetes/environment';
import { addressIn } from './address';
import type { ReaderFacts, ReplicaActivities, ReplicaFacts } from './contract';
import { findServer } from './changes';
import type { ReplicaDependencies } from './dependencies';
import { missingRules } from './firewall';

export async function inspectReplica(
  { source, replica, readers: wanted, location }: Parameters<ReplicaActivities['inspectReplica']>[0],
  use: ReplicaDependencies,
): Promise<ReplicaFacts> {
  const database = await inspect(source, use);
  const primary = await use.servers.readServer(source);
  const elsewhere = location !== undefined && location !== primary.location;
  const [existing, firewallRules, lacking, readShare, readers, offers] = await Promise.all([
    findServer(replica, use.servers),
    // In a subnet of one's own there is no such firewall.
    primary.subnet === undefined ? use.servers.readFirewallRules(source) : [],
    onServer(primary, 'admin', use, lackingForMarkers, use.applicationDatabase),
    readShareOf(source, use),
    readersOf(wanted, use),
    elsewhere ? use.servers.readOffersIn(location) : undefined,
  ]);
  const lackingRules = existing ? await missingRules(replica, firewallRules, use.servers) : [];
  return {
    database,
    ...(existing
      ? {
          existing: {
            ...(existing.source ? { source: existing.source } : {}),
            ...{
              state: existing.state,
              role: existing.role,
              sku: existing.sku,
              location: existing.location,
              host: existing.host,
              lackingRules: lackingRules.map(({ name }) => name),
            },
          },
        }
      : {}),
    firewallRules,
    markers: { table: markerTable, lacking },
    ...(use.topology.kubernetes ? { namespace: use.topology.kubernetes.namespace } : {}),
    readers,
    ...(readShare === undefined ? {} : { readShare }),
    ...(offers ? { offeredThere: offers.some(({ sku, tier }) => sku === primary.sku && tier === primary.tier) } : {}),
  };
}

/** Rows read of all rows touched in the application's database since its statistics began. */
async function readShareOf(source: string, use: ReplicaDependencies): Promise<number | undefined> {
  const primary = await use.servers.readServer(source);
  const database = new URL(await connectionUrl(primary, 'application', use.connections)).pathname.slice(1);
  return onServer(primary, 'admin', use, async (client) => {
    const { rows } = await client.query<{ read: string; written: string }>(
      `SELECT tup_returned::text AS read, (tup_inserted + tup_updated + tup_deleted)::text AS written
         FROM pg_stat_database WHERE datname = $1`,
      [decodeURIComponent(database)],
    );
    const [read, written] = [Number(rows[0]?.read ?? 0), Number(rows[0]?.written ?? 0)];
    return read + written === 0 ? undefined : Math.round((100 * read) / (read + written));
  });
}

async function readersOf(wanted: string[] | undefined, use: ReplicaDependencies): Promise<ReaderFacts[]> {
  const known = (use.topology.kubernetes?.deployments ?? []).flatMap(({ name, clientUrl, readReplica }) =>
    readReplica && (wanted?.includes(name) ?? true)
      ? [{ clientUrl, reader: { deployment: name, ...readReplica } }]
      : [],
  );
  return Promise.all(
    known.map(async ({ clientUrl, reader }): Promise<ReaderFacts> => {
      const [deployment, secret, clientsAnswer] = await Promise.all([
        use.kubernetes().readDeployment(reader.deployment),
        use.kubernetes().readSecret(reader.secret, reader.key),
        clientUrl === undefined ? undefined : answers(clientUrl),
      ]);
      const reference = deployment.secretReferences[reader.variable];
      const wired = reference === `${reader.secret}/${reader.key}`;
      const set = [...Object.keys(deployment.environment), ...deployment.environmentFrom].includes(reader.variable);
      const controller = controllerOf(deployment, { whole: true }) ?? controllerOf(secret, { whole: true });
      return {
        ...{ ...reader, wired, taken: set && !wired },
        // What the template itself says of a variable goes before what it takes over whole.
        byItself: !set && comesByItself(deployment.wholeSecrets, reader),
        ...(controller ? { controller } : {}),
        ...(secret.text === undefined ? {} : addressIn(secret.text)),
        ...(clientsAnswer === undefined ? {} : { clientsAnswer }),
      };
    }),
  );
}
