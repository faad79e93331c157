/** Is a server a replica of that very primary, and does it keep up? Asked of both by SQL. */
import { Context } from '@temporalio/activity';
import { replayLagBytesMax } from '../../catalogue';
import { onServer, writingOnServer } from '../database/sql';
import { failure } from '../failures';
import { deleteMarkers, hasMarker, refusesWrites, writeMarker } from '../postgres/markers';
import { readCluster, readReplicaState, readWalPosition } from '../postgres/reads';
import type { ReplicaIdentity } from './contract';
import type { ReplicaDependencies } from './dependencies';

const sampleMs = 1000;

/** The evidence. Throws NotVerified with everything that is not so. */
export async function verifyReplica({ source, replica }: ReplicaIdentity, use: ReplicaDependencies): Promise<string> {
  const [primary, standby] = await Promise.all([use.servers.readServer(source), use.servers.readServer(replica)]);
  if (standby.state !== 'Ready') throw failure('NotVerified', `${replica}: ARM says ${standby.state}, not Ready`);
  const [original, position] = await Promise.all([
    onServer(primary, 'admin', use, readCluster),
    onServer(primary, 'admin', use, readWalPosition),
  ]);
  const copy = await onServer(standby, 'admin', use, readCluster);
  const state = await onServer(standby, 'admin', use, (client) => readReplicaState(client, position));
  const refuses = await markersOf(use).write(standby, refusesWrites);
  const open = [
    ...(standby.source === source ? [] : [`ARM says that it follows ${standby.source ?? 'nobody'}`]),
    ...(copy.systemIdentifier === original.systemIdentifier ? [] : ['it is a copy of another cluster']),
    ...(copy.timeline === original.timeline ? [] : [`it is on timeline ${copy.timeline}, not ${original.timeline}`]),
    ...(state.inRecovery ? [] : ['it is not in recovery']),
    ...(refuses ? [] : ['it takes writes']),
    ...(state.streaming ? [] : ['it does not stream']),
    ...(state.replayPause === 'not paused' ? [] : [`its replay is ${state.replayPause}`]),
    ...(state.replayLagBytes <= replayLagBytesMax ? [] : [`it is ${state.replayLagBytes} bytes behind`]),
  ];
  if (open.length > 0) throw failure('NotVerified', `${replica}: ${open.join('; ')}`);
  return `ARM Ready, in recovery on timeline ${copy.timeline}, streaming, ${state.replayLagBytes} bytes behind, a write refused`;
}

type Work<T> = Parameters<typeof onServer<T>>[3];
type Server = Parameters<typeof onServer>[0];

/** Where the markers are: the administrator's own URL may lead to another database. */
function markersOf(use: ReplicaDependencies) {
  const { applicationDatabase } = use;
  return {
    read: <T>(server: Server, work: Work<T>) => onServer(server, 'admin', use, work, applicationDatabase),
    write: <T>(server: Server, work: Work<T>) => writingOnServer(server, 'admin', use, work, applicationDatabase),
  };
}

/** See the contract. The run's markers are removed at the end, whatever happens. */
export async function verifyLag(
  { source, replica }: ReplicaIdentity,
  { windowSeconds, deadlineSeconds }: { windowSeconds: number; deadlineSeconds: number },
  use: ReplicaDependencies,
): Promise<string> {
  const context = Context.current();
  // Each attempt has markers of its own: one that was given up may still be cleaning up.
  const run = `${context.info.workflowExecution!.workflowId} ${context.info.attempt}`;
  const deadline = context.info.scheduledTimestampMs + deadlineSeconds * 1000;
  const [primary, standby] = await Promise.all([use.servers.readServer(source), use.servers.readServer(replica)]);
  const onDatabase = markersOf(use);
  let [number, samples, worst, trouble] = [Date.now() % 1_000_000_000, 0, 0, ''];
  try {
    while (samples < windowSeconds) {
      if (Date.now() > deadline)
        throw failure('ReplicaBehind', `${replica} did not keep up for ${windowSeconds} s: ${trouble}`);
      const due = Date.now() + sampleMs;
      number += 1;
      try {
        await onDatabase.write(primary, (client) => writeMarker(client, run, number));
        await context.sleep(Math.max(0, due - Date.now()));
        // As it is now: what was written meanwhile counts as well.
        const position = await onDatabase.read(primary, readWalPosition);
        const [{ replayLagBytes }, seen] = await onDatabase.read(
          standby,
          async (client) => [await readReplicaState(client, position), await hasMarker(client, run, number)] as const,
        );
        const late = seen ? '' : ', and what was written a second ago is not there';
        trouble = seen && replayLagBytes <= replayLagBytesMax ? '' : `${replayLagBytes} bytes behind${late}`;
        worst = Math.max(worst, replayLagBytes);
      } catch (error) {
        if (context.cancellationSignal.aborted) throw error;
        trouble = String((error as Error).message);
      }
      samples = trouble === '' ? samples + 1 : 0;
    }
  } finally {
    await onDatabase.write(primary, (client) => deleteMarkers(client, run)).catch(() => undefined);
  }
  return `every marker of ${windowSeconds} s was there a second later, at most ${worst} bytes behind`;
}
