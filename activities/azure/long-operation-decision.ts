/**
 * What to do next about one change of a server, from what was just read and what is remembered. Pure.
 *
 * The hazard in every line: Azure accepts a change and the answer is lost, or a read does not show it yet. Sending again
 * would be a second change; believing the read would call it absent. So where a change of ours *may* be on its way and
 * the server looks idle, it is looked at again for a while (`lookAgain`) before anything is concluded.
 */

export type Answer =
  /** The server is idle and as wanted. */
  | 'alreadyThere'
  /** Our operation is in flight and we know where to ask. */
  | 'resumePoller'
  /** The server is busy, and it may be our doing: wait until it is idle, then read. */
  | 'waitForOurs'
  /** Idle, but a change of ours may not show yet. */
  | 'lookAgain'
  /** Busy with somebody else's operation: stop, nothing was touched. */
  | 'refuseForeign'
  /** Stopped, disabled or gone: no change is possible. */
  | 'refuseState'
  | 'send';

export interface Situation {
  /** The server's state as ARM shows it; undefined for a 404 after a change was accepted, which Azure has been seen to answer. */
  state: string | undefined;
  /** The read shows what is wanted. */
  there: boolean;
  /** An accepted operation of this change, whose end is not known. */
  operationInFlight: boolean;
  /** This run has changed, or may have changed, this server: then its being busy is no reason to stop. */
  busyMayBeOurs: boolean;
  /** The opposite change of this run may be accepted and not show yet (an undo): "there" may not last. */
  oppositeMayBeUnseen: boolean;
  /** This very change may be accepted and not show yet: an answer was lost, or a worker died. */
  sameMayBeUnseen: boolean;
  /** For how long the server has been seen idle, milliseconds. */
  idleMs: number;
  /** How long an accepted change may take to show, milliseconds. */
  settleMs: number;
  /** How often this change was refused as busy. */
  busyRefusals: number;
}

/**
 * States in which a server or a cache is busy and becomes Ready by itself (ServerState and ProvisioningState of the APIs'
 * schemas, and one that Redis has been seen to answer).
 */
const busyStates = new Set([
  ...['Updating', 'Starting', 'Restarting', 'Stopping', 'Provisioning'],
  ...['Creating', 'Scaling', 'Linking', 'Unlinking', 'RecoveringScaleFailure', 'ConfiguringAAD'],
  'UpdatingManagedIdentity',
]);

/**
 * A server that reads Ready can still refuse as busy for a while after an operation has ended
 * (hashicorp/terraform-provider-azurerm 28298, 29219): that alone is not yet somebody else's operation.
 */
const busyRefusalsMax = 4;

export function decide(situation: Situation): Answer {
  const { state, there, busyMayBeOurs, settleMs } = situation;
  if (situation.operationInFlight) return 'resumePoller';
  if (state === undefined) return 'waitForOurs';
  if (busyStates.has(state)) return busyMayBeOurs ? 'waitForOurs' : 'refuseForeign';
  if (state !== 'Ready') return 'refuseState';
  const unseen = there ? situation.oppositeMayBeUnseen : situation.sameMayBeUnseen;
  if (unseen && situation.idleMs < settleMs) return 'lookAgain';
  if (there) return 'alreadyThere';
  if (situation.busyRefusals >= busyRefusalsMax && !busyMayBeOurs) return 'refuseForeign';
  return 'send';
}
