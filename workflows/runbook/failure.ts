import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/workflow';
import type { FailureType } from '../../catalogue';
import { asksOperator, effectOf, failureTypes } from '../../catalogue';

/** A failure in words, without a stack. */
export interface FailureStory {
  /** A type of the catalogue's table, or Temporal's own kind. */
  type: string;
  message: string;
  /** The state is unknown or an operation may be in flight: an operator decides, the engine does not roll back by itself. */
  asks: boolean;
  /** The step that failed is certainly as if it had not begun. */
  withoutEffect?: boolean;
  /** And what its target shows is somebody else's doing. */
  byOthers?: boolean;
}

/** For whom Temporal's words mean nothing. */
const timeouts: Record<NonNullable<TimeoutFailure['timeoutType']>, string> = {
  SCHEDULE_TO_START: 'no worker took it',
  START_TO_CLOSE: 'one attempt took too long',
  HEARTBEAT: 'its worker was not heard of any more',
  SCHEDULE_TO_CLOSE: 'the time for it is over',
};

/** Finds the cause that says most: Temporal wraps what an activity threw. */
export function storyOf(error: unknown): FailureStory {
  if (error instanceof ActivityFailure && error.cause) return storyOf(error.cause);
  if (error instanceof TimeoutFailure) {
    const heard = typeof error.lastHeartbeatDetails === 'string' ? `; last heard: ${error.lastHeartbeatDetails}` : '';
    const last = lastFailureOf(error);
    const before = last ? `; the attempt before: ${last.message}` : '';
    const why = timeouts[error.timeoutType ?? 'SCHEDULE_TO_CLOSE'];
    return { type: 'TimedOut', message: `no answer in time (${why})${heard}${before}`, asks: true };
  }
  if (error instanceof ApplicationFailure) {
    const type = error.type ?? 'Error';
    return { type, message: error.message, asks: asksOperator(type), ...effectOf(type) };
  }
  if (error instanceof CancelledFailure) return { type: 'Cancelled', message: error.message, asks: false };
  return { type: 'Error', message: error instanceof Error ? error.message : String(error), asks: false };
}

/** How the attempt before the last one ended. The SDK (1.24) has it only in what the server sent: `cause` is always undefined. */
export function lastFailureOf({ failure }: TimeoutFailure): { type: string; message: string } | undefined {
  const { message, applicationFailureInfo } = failure?.cause ?? {};
  if (!message || !applicationFailureInfo?.type) return undefined;
  return { type: applicationFailureInfo.type, message };
}

/**
 * A bug in workflow code would be retried for ever by Temporal: everything that must end the run is one of these. The message ends
 * with what to do, as an activity's does.
 */
export function failure(type: FailureType, message: string): ApplicationFailure {
  return ApplicationFailure.create({ type, message: `${message} (${failureTypes[type].advice})`, nonRetryable: true });
}
