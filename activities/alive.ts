/**
 * What every activity that changes something does beside its work: a heartbeat a second, so that a dead worker is noticed
 * and a cancellation arrives, and the knowledge whether this process stood still meanwhile.
 */
import { Context } from '@temporalio/activity';
import { failure } from './failures';
import { type RequestIdentity, requestIdentity } from './request-identity';
import { Standstill } from './standstill';

const heartbeatMs = 1000;
/**
 * Of the heartbeat time-out. The server counts from the last heartbeat that reached it, which is up to a second old and held
 * back for half a second more (worker/options.ts): at 5 s another worker may have the activity after 3.5 s.
 */
const standstillShare = 0.6;

export interface Alive {
  identity: RequestIdentity;
  /**
   * To be called right before anything is sent. Throws WorkerStoodStill where another worker, or a later attempt in this one,
   * may have the activity by now; what the cancellation says where it was cancelled.
   */
  assertAwake(): void;
  /** Whether what was begun is still this attempt's to end: also when the run was told to stop, but not when another goes on. */
  isOurs(): boolean;
}

/** The newest attempt of each activity in this process: one that woke late may run beside those that took over. */
const newest = new Map<string, number>();

/** Of the run whose activity this is. */
export function ownIdentity(): RequestIdentity {
  const { info } = Context.current();
  return requestIdentity({ ...info.workflowExecution!, activityId: info.activityId });
}

/** `details`: what heartbeats carry. */
export async function whileAlive<T>(details: () => unknown, body: (alive: Alive) => Promise<T>): Promise<T> {
  const context = Context.current();
  const { info, cancellationSignal } = context;
  const activity = `${info.workflowExecution!.runId} ${info.activityId}`;
  newest.set(activity, info.attempt);
  const isNewest = () => !standstill.happened && newest.get(activity) === info.attempt;
  const standstill = new Standstill((info.heartbeatTimeoutMs ?? Infinity) * standstillShare);
  const beat = setInterval(() => {
    standstill.alive();
    context.heartbeat(details());
  }, heartbeatMs);
  try {
    return await body({
      identity: ownIdentity(),
      assertAwake() {
        if (cancellationSignal.aborted) throw cancellationSignal.reason;
        if (isNewest()) return;
        throw failure('WorkerStoodStill', 'this worker stood still for longer than its heartbeats may be apart');
      },
      isOurs: () =>
        isNewest() && (!cancellationSignal.aborted || context.cancellationDetails?.cancelRequested === true),
    });
  } finally {
    clearInterval(beat);
    if (newest.get(activity) === info.attempt) newest.delete(activity);
  }
}

const sliceMs = 1000;

/**
 * A long wait of an activity that has stopped acting as soon as it is not this attempt's any more: it ends then, for its heartbeats would
 * keep every other worker from taking it up. Throws what assertAwake throws.
 */
export async function inSlices(ms: number, alive: Alive, sleep: (ms: number) => Promise<unknown>): Promise<void> {
  for (let left = ms; ; left -= sliceMs) {
    if (!alive.isOurs()) alive.assertAwake();
    if (left <= 0) return;
    await sleep(Math.min(left, sliceMs));
  }
}

/** The activity was scheduled longer ago than that. */
export function isOverdue(deadlineSeconds: number): boolean {
  return Date.now() >= Context.current().info.scheduledTimestampMs + deadlineSeconds * 1000;
}

/** Throws OperationDeadlineExceeded where the activity was scheduled longer ago. */
export function assertInTime(what: string, deadlineSeconds: number): void {
  if (!isOverdue(deadlineSeconds)) return;
  throw failure('OperationDeadlineExceeded', `${what} was not done within the deadline of ${deadlineSeconds} s`);
}
