/** Whether anybody is on a replica that is to be deleted. */
import { ApplicationFailure } from '@temporalio/common';
import type { Circumstances } from '../azure/change';
import { codeOf, failure } from '../failures';

/** One time-out is a busy server, or a moment of the network's. */
const unreachableMs = 60_000;
const everyMs = 5000;

/**
 * By role, how many sessions `look` finds. A server that nobody could reach for a minute has none. Throws ReplicaInUse where
 * it says that it takes no more (SQLSTATE class 53: 53300, too_many_connections): it is full of them.
 */
export async function sessionsOn(
  replica: string,
  look: () => Promise<Record<string, number>>,
  { now, sleep }: Pick<Circumstances, 'now' | 'sleep'>,
): Promise<Record<string, number>> {
  for (const until = now() + unreachableMs; ; await sleep(everyMs)) {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.type !== 'DatabaseUnreachable') throw error;
      const code = codeOf(error) ?? '';
      if (code.startsWith('53')) throw failure('ReplicaInUse', `${replica} takes no more sessions (SQLSTATE ${code})`);
      if (now() >= until) return {};
    }
  }
}
