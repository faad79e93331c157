import type { Holder, LockAnswer, LockState } from '../../catalogue';

/**
 * The lock of one target as pure functions: each takes a state and gives the next. A lock ends by its holder's outcome or by
 * an operator who names the holder, never by a time-out.
 */
export type HolderKey = Pick<Holder, 'workflowId' | 'runId'>;

export function isSame(one: HolderKey | undefined, other: HolderKey): boolean {
  return one !== undefined && one.workflowId === other.workflowId && one.runId === other.runId;
}

/** Asking twice changes nothing but which attempt asked last: a holder holds, a waiter keeps its place. */
export function acquire(state: LockState, asker: Holder, wait: boolean): { state: LockState; answer: LockAnswer } {
  if (!state.holder) {
    // A waiter that asks before the lock was handed over to it leaves the queue, or it would be handed over to again.
    const waiting = state.waiting.filter((waiter) => !isSame(waiter, asker));
    return { state: { ...state, holder: asker, waiting }, answer: { granted: true } };
  }
  if (isSame(state.holder, asker)) {
    return { state: { ...state, holder: askedAgain(state.holder, asker) }, answer: { granted: true } };
  }
  const place = state.waiting.findIndex((waiter) => isSame(waiter, asker));
  const refused = { granted: false as const, holder: state.holder };
  if (place >= 0) {
    const waiting = state.waiting.map((waiter, index) => (index === place ? askedAgain(waiter, asker) : waiter));
    return { state: { ...state, waiting }, answer: { ...refused, ahead: place } };
  }
  const ahead = state.waiting.length;
  if (!wait) return { state, answer: { ...refused, ahead } };
  return { state: { ...state, waiting: [...state.waiting, asker] }, answer: { ...refused, ahead } };
}

/**
 * The holder goes, or a waiter leaves the queue; for anybody else nothing happens. `asked`: of the attempt that gives it back, which may
 * have stood still while a later one of the same run took it.
 */
export function release(state: LockState, leaver: HolderKey, asked = Infinity): LockState {
  const stays = (one: Holder) => !isSame(one, leaver) || asked < (one.asked ?? 0);
  return {
    ...state,
    holder: state.holder && stays(state.holder) ? state.holder : undefined,
    waiting: state.waiting.filter(stays),
  };
}

function askedAgain(one: Holder, asker: Holder): Holder {
  return asker.asked === undefined ? one : { ...one, asked: Math.max(one.asked ?? 0, asker.asked) };
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
