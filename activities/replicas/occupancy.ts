/** Whether anybody is on a replica that is to be deleted. */
import { ApplicationFailure } from '@temporalio/common';
import type { Circumstances } from '../azure/change';
import type { FlexibleServer } from '../azure/flexible-servers';
import { codeOf, failure } from '../failures';
import type { ReplicaIdentity } from './contract';

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

/** Of a server that Azure does not call Ready: whatever keeps it from answering, it is what is to be deleted. Throws ReplicaInUse as above. */
export async function sessionsOnUnready(replica: string, look: Look): Promise<Record<string, number>> {
  try {
    return await look();
  } catch (error) {
    if (isFull(error)) throw full(replica, error);
    return {};
  }
}

/** Many times what Azure's answers are stale by. */
const promotedMs = 15_000;
const promotedEveryMs = 1000;

/**
 * Of a replica that is none by its own word: somebody has promoted it, and Azure says so soon; or it has diverged, and Azure, which then is Ready
 * with it, never does. Throws Drift where it was promoted.
 */
export async function assertNotPromoted(
  { replica, source }: ReplicaIdentity,
  find: () => Promise<Pick<FlexibleServer, 'source' | 'state'> | undefined>,
  { now, sleep, deadlineAt }: Pick<Circumstances, 'now' | 'sleep' | 'deadlineAt'>,
): Promise<void> {
  for (const until = now() + promotedMs; ; await sleep(promotedEveryMs)) {
    const found = await find();
    if (!found) return;
    if (found.source !== source) throw failure('Drift', `somebody has promoted ${replica}: it is left alone`);
    if (now() >= until && (found.state === 'Ready' || now() >= deadlineAt)) return;
  }
}

function isFull(error: unknown): error is ApplicationFailure {
  return error instanceof ApplicationFailure && (codeOf(error)?.startsWith('53') ?? false);
}

function full(replica: string, error: ApplicationFailure): ApplicationFailure {
  return failure('ReplicaInUse', `${replica} takes no more sessions (SQLSTATE ${codeOf(error)})`);
}
