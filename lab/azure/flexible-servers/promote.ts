/**
 * Promotion of a replica.
 *
 * Standalone: replication ends for good, the replica becomes a server of its own; its source goes on. Planned waits
 * until the replica has replayed what its source has written so far, forced does not.
 *
 * Switchover: 1. the source stops, and its replica gets all that was written; 2. the replica is promoted; 3. the old
 * source and its other replicas are made anew as replicas of the new primary, under their names and addresses.
 * Source of the rules: learn.microsoft.com, concepts-read-replicas-promote.
 */
import { until } from '../../processes';
import { takeAutomaticBackup } from '../backups';
import type { Context } from '../context';
import { AzureError, providerErrors } from '../errors';
import type { OperationKind } from '../operations';
import type { ServerBody } from './body';
import type { FlexibleServer } from './record';
import { makeReplica } from './replica';

export interface Promotion {
  mode: 'Standalone' | 'Switchover';
  option: 'Planned' | 'Forced';
}

const replayDeadlineMs = 60_000;

/** What a PATCH asks for; undefined when it is no promotion. */
export function promotionIn(body: ServerBody, server: FlexibleServer): Promotion | undefined {
  const { replica, replicationRole } = body.properties;
  const role = replica?.role ?? (replicationRole === undefined ? undefined : capitalized(replicationRole));
  if (replica?.promoteMode === undefined && role !== 'None' && role !== 'Primary') return undefined;
  // az and others send a server's own role back with every PATCH.
  if (server.source === undefined && role === 'Primary' && replica?.promoteMode === undefined) return undefined;
  if (server.source === undefined) throw providerErrors.notAReplica(server.name);
  return { mode: replica?.promoteMode ?? 'Standalone', option: replica?.promoteOption ?? 'Planned' };
}

export function assertPromotable(replica: FlexibleServer, primary: FlexibleServer, promotion: Promotion): void {
  if (!replica.started) throw providerErrors.serverStopped(replica.name);
  if (promotion.mode === 'Standalone') return;
  const endpoint = Object.values(primary.virtualEndpoints).some(({ members }) =>
    members.some((member) => member.toLowerCase() === replica.name.toLowerCase()),
  );
  if (!endpoint) throw providerErrors.switchoverNeedsVirtualEndpoint(replica.name);
  if (replica.sku.tier !== primary.sku.tier) throw providerErrors.switchoverNeedsSameSize('compute tier');
  if (replica.storage.sizeGb !== primary.storage.sizeGb) throw providerErrors.switchoverNeedsSameSize('storage size');
}

export const promote: OperationKind<Promotion> = {
  repeatable: true,
  async perform(context, operation, time) {
    const replica = context.store.server(operation.server)!;
    // A daemon that was killed after the promotion finds it done.
    const source = replica.source;
    if (source === undefined) return;
    await time.reach(0.5);
    const way = operation.parameters.mode === 'Switchover' ? switchOver : standAlone;
    operation.effectiveAt = (await way(context, replica, source, operation.parameters.option))?.toISOString();
  },
};

/** Resolves to when the replica took writes; undefined where it had done so before. */
async function standAlone(
  context: Context,
  replica: FlexibleServer,
  source: string,
  option: Promotion['option'],
): Promise<Date | undefined> {
  const process = context.postgres(replica.name);
  let at: Date | undefined;
  if (process.standby) {
    if (option === 'Planned') await replayed(context, replica.name, await writtenBy(context, source));
    at = await process.promote();
  }
  context.store.putServer({ ...replica, source: undefined });
  void takeAutomaticBackup(context, replica.name);
  return at;
}

async function switchOver(
  context: Context,
  replica: FlexibleServer,
  source: string,
  option: Promotion['option'],
): Promise<Date | undefined> {
  const old = context.store.server(source)!;
  const others = context.store.replicasOf(source).filter(({ name }) => name !== replica.name);
  const process = context.postgres(replica.name);
  let at: Date | undefined;
  if (process.standby) {
    const written = option === 'Planned' ? await writtenBy(context, source) : undefined;
    // A clean stop sends everything, and ends the standbys' connections only after that.
    await context.postgres(source).stop();
    if (written) await replayed(context, replica.name, written);
    at = await process.promote();
  }
  context.store.putServer({ ...replica, source: undefined, virtualEndpoints: swappedEndpoints(old, replica.name) });
  void takeAutomaticBackup(context, replica.name);
  for (const follower of [old, ...others]) {
    context.store.putServer({
      ...{ ...follower, source: replica.name, started: false, virtualEndpoints: {}, backups: [] },
    });
    await makeReplica(context, follower.name, replica.name);
  }
  return at;
}

/** The endpoints move to the new primary, with it as their first member: the writer. */
function swappedEndpoints(old: FlexibleServer, primary: string): FlexibleServer['virtualEndpoints'] {
  return Object.fromEntries(
    Object.entries(old.virtualEndpoints).map(([name, endpoint]) => [
      name,
      { ...endpoint, members: [primary, ...endpoint.members.filter((member) => member !== primary)] },
    ]),
  );
}

/**
 * On the disk, and so on its way to the replicas. What is inserted may wait there for the next commit, or be ahead of every record by
 * a page's header, which no replica has before the next record: where nobody writes, that was 54 s once.
 */
async function writtenBy(context: Context, server: string): Promise<string> {
  const source = context.postgres(server);
  await source.sql("SELECT pg_logical_emit_message(false, 'azure', 'promotion', true)");
  const [row] = await source.sql<{ lsn: string }>('SELECT pg_current_wal_flush_lsn()::text AS lsn');
  return row!.lsn;
}

async function replayed(context: Context, server: string, lsn: string): Promise<void> {
  const process = context.postgres(server);
  const reached = async () => {
    const [row] = await process.sql<{ reached: boolean }>('SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS reached', [
      lsn,
    ]);
    return row?.reached === true;
  };
  try {
    await until(`${server} has replayed ${lsn}`, reached, { deadlineMs: replayDeadlineMs });
  } catch {
    throw new AzureError(
      409,
      'ReplicaLagTooHigh',
      `Read replica '${server}' is too far behind its source server to be promoted as planned.`,
    );
  }
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1).toLowerCase();
}
