/**
 * What makes a replica unfit to be read from, done to its real process behind Azure's back: ARM goes on saying `Ready`, and the
 * replica's source.
 */
import type { PostgresServer } from '../../postgres/server';

export type ReplicaFault = 'replica-lags' | 'replica-diverges';
export const replicaFaults: ReplicaFault[] = ['replica-lags', 'replica-diverges'];

export async function spoil(replica: PostgresServer, fault: ReplicaFault, by: unknown): Promise<void> {
  if (fault === 'replica-diverges') return void (await replica.promote());
  if (by === 'delay') return replica.configure({ recovery_min_apply_delay: '1h' });
  await replica.sql('SELECT pg_wal_replay_pause()');
}

/** One that lagged catches up; one that has diverged never comes back. */
export async function mend(replica: PostgresServer): Promise<void> {
  if (!replica.standby) return;
  await replica.configure({ recovery_min_apply_delay: null });
  await replica.sql('SELECT pg_wal_replay_resume()');
}
