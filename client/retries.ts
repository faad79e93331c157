import type { WorkflowExecutionDescription } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { Retry } from './views';

type State = temporal.api.enums.v1.PendingActivityState;
/** PENDING_ACTIVITY_STATE_SCHEDULED and _STARTED: as numbers, for the package is slow to load. */
const [scheduled, started] = [1, 2] as [State, State];

/** As long as one look at a target may last (verifications, workflows/runbook/activities.ts): what has run for longer is under way. */
const lookMs = 20_000;

/** Of the SDK, not of the activity: its worker stops, or somebody holds it in Temporal. */
const notItsOwn = new Set(['WorkerShutdown', 'ActivityPause', 'ActivityReset']);

/**
 * What the run asks for again and again, and what it was answered the last time, by Temporal's own record. Only an activity's own words: that a
 * worker died is over when another has the activity.
 */
export function retriesOf({ raw }: Pick<WorkflowExecutionDescription, 'raw'>): Retry[] {
  return (raw.pendingActivities ?? []).flatMap(({ activityId, attempt, lastFailure, lastStartedTime, state }) => {
    // One that is too long for Temporal is put behind a failure of Temporal's own.
    const failure = lastFailure?.serverFailureInfo ? lastFailure.cause : lastFailure;
    const told = failure?.applicationFailureInfo;
    if (!told || notItsOwn.has(told.type ?? '')) return [];
    const runsForMs = Date.now() - Number(lastStartedTime?.seconds ?? 0) * 1000;
    const isLooking = state === started && runsForMs < lookMs;
    return [
      {
        ...{ activity: activityId ?? '', attempt: attempt ?? 1, why: failure.message ?? '' },
        underWay: state !== scheduled && !isLooking,
      },
    ];
  });
}
