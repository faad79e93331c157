/** Whether anybody is on a replica that is to be deleted. */
import { ApplicationFailure } from '@temporalio/common';
import type { Circumstances } from '../azure/change';
import { codeOf, failure } from '../failures';

type Look = () => Promise<Record<string, number>>;

/** One time-out is a busy server, or a moment of the network's. */
const unreachableMs = 60_000;
const everyMs = 5000;

/**
 * By role, how many sessions `look` finds. A server that nobody could reach for a minute has none. Throws ReplicaInUse where
 * it says that it takes no more (SQLSTATE class 53: 53300, too_many_connections): it is full of them.
 */
export async function sessionsOn(
  replica: string,
  look: Look,
  { now, sleep }: Pick<Circumstances, 'now' | 'sleep'>,
): Promise<Record<string, number>> {
  for (const until = now() + unreachableMs; ; await sleep(everyMs)) {
    try {
      return await look();
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.type !== 'DatabaseUnreachable') throw error;
      if (isFull(error)) throw full(replica, error);
      if (now() >= until) return {};
    }
  }
}

/**
 * Of a server that Azure does not call Ready: whatever keeps it from answering, it is what is to be deleted. Throws Drift as `look` does,
 * ReplicaInUse as above.
 */
export async function sessionsOnUnready(replica: string, look: Look): Promise<Record<string, number>> {
  try {
    return await look();
  } catch (error) {
    if (error instanceof ApplicationFailure && error.type === 'Drift') throw error;
    if (isFull(error)) throw full(replica, error);
    return {};
  }
}

function isFull(error: unknown): error is ApplicationFailure {
  return error instanceof ApplicationFailure && (codeOf(error)?.startsWith('53') ?? false);
}

function full(replica: string, error: ApplicationFailure): ApplicationFailure {
  return failure('ReplicaInUse', `${replica} takes no more sessions (SQLSTATE ${codeOf(error)})`);
}
