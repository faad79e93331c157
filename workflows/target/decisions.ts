import type { Holder, LockAnswer, LockState } from '../../catalogue';

/**
 * The lock of one target as pure functions: each takes a state and gives the next. A lock ends by its holder's outcome or by
 * an operator who names the holder, never by a time-out.
 */
export type HolderKey = Pick<Holder, 'workflowId' | 'runId'>;

export function isSame(one: HolderKey | undefined, other: HolderKey): boolean {
  return one !== undefined && one.workflowId === other.workflowId && one.runId === other.runId;
}

/** Asking twice changes nothing: a holder holds, a waiter keeps its place. */
export function acquire(state: LockState, asker: Holder, wait: boolean): { state: LockState; answer: LockAnswer } {
  if (!state.holder) {
    // A waiter that asks before the lock was handed over to it leaves the queue, or it would be handed over to again.
    const waiting = state.waiting.filter((waiter) => !isSame(waiter, asker));
    return { state: { ...state, holder: asker, waiting }, answer: { granted: true } };
  }
  if (isSame(state.holder, asker)) return { state, answer: { granted: true } };
  const place = state.waiting.findIndex((waiter) => isSame(waiter, asker));
  const refused = { granted: false as const, holder: state.holder };
  if (place >= 0) return { state, answer: { ...refused, ahead: place } };
  const ahead = state.waiting.length;
  if (!wait) return { state, answer: { ...refused, ahead } };
  return { state: { ...state, waiting: [...state.waiting, asker] }, answer: { ...refused, ahead } };
}

/** The holder goes, or a waiter leaves the queue; for anybody else nothing happens. */
export function release(state: LockState, leaver: HolderKey): LockState {
  return {
    ...state,
    holder: isSame(state.holder, leaver) ? undefined : state.holder,
    waiting: state.waiting.filter((waiter) => !isSame(waiter, leaver)),
  };
}

/** Gives a free lock to the first who waits. */
export function handOver(state: LockState): LockState {
  const [next, ...others] = state.waiting;
  return state.holder || !next ? state : { ...state, holder: next, waiting: others };
}

/** The holder ended without an outcome (it was terminated): nobody knows what it left behind, so the lock stays. */
export function flag(state: LockState, ended: HolderKey, why: string): LockState {
  if (!state.holder || !isSame(state.holder, ended)) return state;
  return { ...state, holder: { ...state.holder, flagged: why } };
}

/** Why an operator may not unlock, or nothing. */
export function unlockRefusal(state: LockState, holder: string): string | undefined {
  if (!state.holder) return `${state.target} is not locked`;
  if (state.holder.workflowId !== holder) {
    return `${state.target} is held by ${state.holder.workflowId}, not by ${holder}: name the holder that you looked at`;
  }
  return undefined;
}

/** What the end of the holder's run means for the lock. `status` as Temporal names it. */
export function afterHolderEnded(status: string): 'release' | 'flag' {
  return status === 'COMPLETED' || status === 'FAILED' ? 'release' : 'flag';
}
