/**
 * What a long operation takes from its activity: attempt, last heartbeat, cancellation, and a heartbeat a second for as
 * long as it runs (Azure's own pace is up to a minute, far beyond any heartbeat time-out).
 */
import { Context } from '@temporalio/activity';
import type { Circumstances, Progress } from './change';
import { requestIdentity } from './request-identity';
import type { RequestIdentity } from './flexible-servers';
import { failure } from '../failures';
import { Standstill } from './standstill';

const heartbeatMs = 1000;
/** Of the heartbeat time-out: a little before the server gives the activity to another worker. */
const standstillShare = 0.8;

export interface LongRequest {
  deadlineSeconds: number;
  busyMayBeOurs: boolean;
  settleMs: number;
}

export async function withCircumstances<T>(
  { deadlineSeconds, busyMayBeOurs, settleMs }: LongRequest,
  body: (given: Circumstances, identity: RequestIdentity) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const { info } = context;
  const identity = requestIdentity({ ...info.workflowExecution!, activityId: info.activityId });
  const resumed = (info.heartbeatDetails ?? undefined) as Progress | undefined;
  let latest: Progress = resumed ?? { change: '', accepted: [] };
  const standstill = new Standstill((info.heartbeatTimeoutMs ?? Infinity) * standstillShare);
  const beat = setInterval(() => {
    standstill.alive();
    context.heartbeat(latest);
  }, heartbeatMs);
  try {
    return await body(
      {
        firstAttempt: info.attempt === 1,
        ...(resumed ? { resumed } : {}),
        busyMayBeOurs,
        correlationId: identity.correlationId,
        deadlineAt: info.scheduledTimestampMs + deadlineSeconds * 1000,
        settleMs,
        now: Date.now,
        sleep: (ms) => context.sleep(ms),
        heartbeat: (progress) => context.heartbeat((latest = progress)),
        assertAwake() {
          if (standstill.happened) {
            throw failure('WorkerStoodStill', 'this worker stood still for longer than its heartbeats may be apart');
          }
        },
      },
      identity,
    );
  } finally {
    clearInterval(beat);
  }
}
