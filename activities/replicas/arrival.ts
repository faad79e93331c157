/** Do the reads of one deployment arrive at a replica? Asked of the replica itself. */
import { onServer, writingOnServer } from '../database/sql';
import { answers } from '../deployments/endpoint';
import { knownDeployment } from '../deployments/inspection';
import { failure } from '../failures';
import { refusesWrites } from '../postgres/markers';
import { type Arrivals, readArrivals } from '../postgres/reads';
import type { ReplicaDependencies } from './dependencies';

/** A database from which a look moves no counter of the application's. */
const elsewhere = 'postgres';

/** What the deployment has on the replica now. */
export async function arrivalsOf(deployment: string, replica: string, use: ReplicaDependencies): Promise<Arrivals> {
  const { applicationRole: role } = use.topology.postgres;
  const database = use.applicationDatabase;
  const server = await use.servers.readServer(replica);
  const of = { role, application: deployment, database };
  return onServer(server, 'admin', use, (client) => readArrivals(client, of), elsewhere);
}

/**
 * The evidence. `rowsBefore`: the counter before any pod could have read there; only what was read since counts. Throws
 * NotVerified with everything that is not so.
 */
export async function verifyReads(
  replica: string,
  deployment: string,
  rowsBefore: number,
  use: ReplicaDependencies,
): Promise<string> {
  const { clientUrl } = knownDeployment(deployment, use);
  // As clients ask, so that a pod which reads nothing by itself has a reason to.
  if (clientUrl !== undefined) await answers(clientUrl);
  const { sessions, asked, addresses, rowsRead } = await arrivalsOf(deployment, replica, use);
  const server = await use.servers.readServer(replica);
  const refuses = await writingOnServer(server, 'admin', use, refusesWrites, elsewhere);
  // Its counters begin anew after a crash.
  const read = rowsRead < rowsBefore ? rowsRead : rowsRead - rowsBefore;
  const open = [
    ...(refuses ? [] : [`${replica} takes writes: it is no replica any more`]),
    ...(sessions > 0 ? [] : [`no session of ${deployment} is on ${replica} yet`]),
    ...(sessions === 0 || asked > 0
      ? []
      : [`${sessions} sessions of ${deployment} on ${replica} have asked nothing yet`]),
    ...(read > 0 ? [] : [`no row was read on ${replica} yet`]),
  ];
  if (open.length > 0) throw failure('NotVerified', `${deployment}: ${open.join('; ')}`);
  return `${sessions} sessions of ${deployment} on ${replica} (from ${addresses} addresses), ${read} rows read there, a write refused`;
}
