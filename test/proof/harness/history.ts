/** What the histories of a run and of a lock say, without Temporal's shapes. Times in milliseconds since the epoch. */
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';

type Event = temporal.api.history.v1.IHistoryEvent;
type Payload = temporal.api.common.v1.IPayload;
export type History = temporal.api.history.v1.IHistory;

export interface Activity {
  type: string;
  /** By the engine's rule "<step> · <what>": the step, or the part of the run that it belongs to. */
  step: string;
  /** By the engine's rule: once a run rolls back, it does nothing else any more. */
  direction: 'forward' | 'back';
  scheduledAt: number;
  /** Absent while it is open. */
  closedAt?: number;
  end: 'open' | 'completed' | 'failed' | 'timed out' | 'canceled';
  input: unknown;
  result?: unknown;
}

/**
 * Activities of the run. Local ones leave one event, when the workflow task in which they ended is over: they began after
 * the start of that task, or earlier.
 */
export function activitiesIn(history: History): Activity[] {
  const byScheduled = new Map<string, Activity>();
  let taskStartedAt = 0;
  let direction: Activity['direction'] = 'forward';
  for (const event of history.events ?? []) {
    if (event.workflowTaskStartedEventAttributes) taskStartedAt = timeOf(event);
    if (phaseIn(event) === 'rolling-back') direction = 'back';
    const local = localActivityIn(event);
    if (local) byScheduled.set(String(event.eventId), { ...local, direction, scheduledAt: taskStartedAt });
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) {
      byScheduled.set(String(event.eventId), {
        ...{ type: scheduled.activityType?.name ?? '', input: decode(scheduled.input?.payloads?.[0]) },
        ...{ step: stepOf(event), direction, scheduledAt: timeOf(event), end: 'open' },
      });
    }
    const closing = closingOf(event);
    const activity = closing && byScheduled.get(String(closing.scheduledEventId));
    if (activity) Object.assign(activity, { closedAt: timeOf(event), end: closing.end, result: closing.result });
  }
  return [...byScheduled.values()];
}

/** The phase that a run enters with this event. */
function phaseIn({ upsertWorkflowSearchAttributesEventAttributes: attributes }: Event): unknown {
  const phase = decode(attributes?.searchAttributes?.indexedFields?.['RunbookPhase']);
  return Array.isArray(phase) ? phase[0] : phase;
}

function localActivityIn(event: Event): Omit<Activity, 'scheduledAt' | 'direction'> | undefined {
  const marker = event.markerRecordedEventAttributes;
  if (marker?.markerName !== 'core_local_activity') return undefined;
  const { activity_type: type } = decode(marker.details?.['data']?.payloads?.[0]) as { activity_type: string };
  const end = marker.failure ? 'failed' : 'completed';
  return { type, step: stepOf(event), closedAt: timeOf(event), end, input: undefined };
}

function stepOf(event: Event): string {
  const summary = decode(event.userMetadata?.summary) as string | undefined;
  return (summary ?? '').split(' · ')[0]!;
}

interface Closing {
  scheduledEventId: unknown;
  end: Activity['end'];
  result?: unknown;
}

function closingOf(event: Event): Closing | undefined {
  const completed = event.activityTaskCompletedEventAttributes;
  if (completed) {
    const { scheduledEventId } = completed;
    return { scheduledEventId, end: 'completed', result: decode(completed.result?.payloads?.[0]) };
  }
  const failed = event.activityTaskFailedEventAttributes;
  if (failed) return { scheduledEventId: failed.scheduledEventId, end: 'failed' };
  const timedOut = event.activityTaskTimedOutEventAttributes;
  if (timedOut) return { scheduledEventId: timedOut.scheduledEventId, end: 'timed out' };
  const canceled = event.activityTaskCanceledEventAttributes;
  return canceled ? { scheduledEventId: canceled.scheduledEventId, end: 'canceled' } : undefined;
}

/** When somebody had a lock. */
export interface Holding {
  workflowId: string;
  from: number;
  /** Absent while it is held. */
  to?: number;
}

/** Who had the lock, from the lock's own history: granted by an update; given back by another, or when the run had closed. */
export function holdingsIn(history: History): Holding[] {
  const holdings: Holding[] = [];
  const accepted = new Map<string, { name: string; args: unknown[] }>();
  // The newest attempt that was granted each: what an earlier one gives back is not given back.
  const newest = new Map<string, number>();
  const openOf = (workflowId: string | undefined) =>
    holdings.find((holding) => holding.workflowId === workflowId && holding.to === undefined);
  const close = (workflowId: string | undefined, at: number) => {
    const held = openOf(workflowId);
    if (held) held.to = at;
  };
  const watched = new Map<string, string>();
  for (const event of history.events ?? []) {
    const at = timeOf(event);
    const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
    if (update) {
      accepted.set(String(event.eventId), { name: update.name ?? '', args: (update.args?.payloads ?? []).map(decode) });
    }
    const done = event.workflowExecutionUpdateCompletedEventAttributes;
    const asked = done && accepted.get(String(done.acceptedEventId));
    if (asked) {
      const [who] = asked.args as [{ workflowId: string; holder?: string; asked?: number }];
      const answer = decode(done.outcome?.success?.payloads?.[0]) as { granted?: boolean } | undefined;
      const latest = newest.get(who.workflowId) ?? 0;
      if (asked.name === 'acquire') {
        newest.set(who.workflowId, Math.max(latest, who.asked ?? 0));
        if (answer?.granted && !openOf(who.workflowId)) holdings.push({ workflowId: who.workflowId, from: at });
      }
      if (asked.name === 'release' && (who.asked ?? Infinity) >= latest) close(who.workflowId, at);
      if (asked.name === 'unlock') close(who.holder, at);
    }
    const watching = event.activityTaskScheduledEventAttributes;
    if (watching) {
      const { workflowId } = decode(watching.input?.payloads?.[0]) as { workflowId: string };
      watched.set(String(event.eventId), workflowId);
    }
    const ended = event.activityTaskCompletedEventAttributes;
    if (ended) close(watched.get(String(ended.scheduledEventId)), at);
  }
  return holdings;
}

function timeOf({ eventTime }: Event): number {
  return Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6;
}

function decode(payload: Payload | null | undefined): unknown {
  return payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
}
