/**
 * One attempt's claim to a pause and to all that happens within. It is over where this process stood still, where a later attempt in this
 * process has begun, and where a lease says that another worker's has: one that is cut off from Temporal alone hears it only there.
 */
import { Context } from '@temporalio/activity';
import type { Alive } from '../alive';
import { failure } from '../failures';

export interface Claim extends Alive {
  /** The run's id. */
  holder: string;
  /** As the lease has it. */
  attempt: number;
  /** A lease of a later attempt was met. */
  supersede(): void;
}

/** Of the activity that is being worked on. */
export function claimOf(alive: Alive): Claim {
  const { workflowExecution, currentAttemptScheduledTimestampMs } = Context.current().info;
  let superseded = false;
  return {
    ...alive,
    ...{ holder: workflowExecution!.workflowId, attempt: currentAttemptScheduledTimestampMs },
    supersede: () => void (superseded = true),
    isOurs: () => !superseded && alive.isOurs(),
    assertAwake() {
      if (superseded)
        throw failure('WorkerStoodStill', 'another worker goes on with it: this one had lost touch with Temporal');
      alive.assertAwake();
    },
  };
}
