/**
 * What a long operation takes from its activity: attempt, last heartbeat, cancellation, and a heartbeat a second for as
 * long as it runs (Azure's own pace is up to a minute, far beyond any heartbeat time-out).
 */
import { Context } from '@temporalio/activity';
import { type Alive, inSlices, whileAlive } from '../alive';
import type { RequestIdentity } from '../request-identity';
import type { Circumstances, Progress } from './change';

export interface LongRequest {
  deadlineSeconds: number;
  busyMayBeOurs: boolean;
  settleMs: number;
}

export function withCircumstances<T>(
  { deadlineSeconds, busyMayBeOurs, settleMs }: LongRequest,
  body: (given: Circumstances, identity: RequestIdentity, alive: Alive) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const { info } = context;
  const resumed = (info.heartbeatDetails ?? undefined) as Progress | undefined;
  let latest: Progress = resumed ?? { change: '', accepted: [] };
  return whileAlive(
    () => latest,
    (alive) =>
      body(
        {
          firstAttempt: info.attempt === 1,
          ...(resumed ? { resumed } : {}),
          busyMayBeOurs,
          correlationId: alive.identity.correlationId,
          deadlineAt: info.scheduledTimestampMs + deadlineSeconds * 1000,
          settleMs,
          now: Date.now,
          sleep: (ms) => inSlices(ms, alive, (slice) => context.sleep(slice)),
          heartbeat: (progress) => context.heartbeat((latest = progress)),
          assertAwake: () => alive.assertAwake(),
        },
        alive.identity,
        alive,
      ),
  );
}
