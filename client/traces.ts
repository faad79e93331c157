import type { WorkflowExecutionDescription } from '@temporalio/client';
import { attributesOf } from './search';
import type { Temporal } from './temporal';
import type { Traces } from './views';
import { workerLastSeen } from './workers';

/** What is known of a run without its worker: its search attributes, its newest event, and who asks for work. */
export async function readTraces(temporal: Temporal, description: WorkflowExecutionDescription): Promise<Traces> {
  const { taskQueue, type } = description;
  const [seen, events] = await Promise.all([workerLastSeen(temporal, taskQueue), newestEvents(temporal, description)]);
  const failure = events.slice(0, 3).find(({ taskFailure }) => taskFailure !== undefined)?.taskFailure;
  const work = events.find(({ summary }) => summary !== undefined);
  return {
    runbook: type,
    taskQueue,
    ...reasonFor(description, failure, seen),
    ...attributesOf(description),
    startedAt: description.startTime.toISOString(),
    lastEvent: events[0] && { type: events[0].type, at: events[0].at },
    lastWork: work && { what: work.summary!, at: work.at },
    workerLastSeen: seen?.toISOString(),
  };
}

function reasonFor(
  { status, taskQueue }: WorkflowExecutionDescription,
  failure: string | undefined,
  seen: Date | undefined,
): Pick<Traces, 'why' | 'remedy'> {
  if (status.name === 'PAUSED') {
    return { why: 'it is paused in Temporal itself', remedy: 'unpause it in Temporal UI' };
  }
  if (failure !== undefined) {
    return {
      why: `its worker cannot go on with it: ${failure}`,
      remedy: "see the worker's log; it goes on by itself once a worker can",
    };
  }
  return seen === undefined
    ? {
        why: `no worker asks task queue "${taskQueue}" for work`,
        remedy: 'start a worker on that queue: the run goes on where it was, nothing is lost',
      }
    : {
        why: `no worker on task queue "${taskQueue}" has answered yet`,
        remedy: `one asked for work ${secondsSince(seen)} s ago and may be busy: ask again in ten seconds; if it stays so, see whether it lives (its log, its host), and start one if not: the run goes on where it was`,
      };
}

function secondsSince(at: Date): number {
  return Math.max(0, Math.round((Date.now() - at.getTime()) / 1000));
}

/** Newest first. A failed workflow task is one that the worker could not perform: wrong code, or a missing registration. */
async function newestEvents({ client, namespace }: Temporal, { workflowId, runId }: WorkflowExecutionDescription) {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace,
    execution: { workflowId, runId },
    maximumPageSize: 30,
  });
  const { temporal: api } = (await import('@temporalio/proto')).default;
  const { defaultPayloadConverter } = await import('@temporalio/common');
  return (history?.events ?? []).map((event) => ({
    type: eventName(api.api.enums.v1.EventType[event.eventType ?? 0] ?? ''),
    at: new Date(Number(event.eventTime?.seconds ?? 0) * 1000).toISOString(),
    taskFailure: event.workflowTaskFailedEventAttributes?.failure?.message ?? undefined,
    summary: event.userMetadata?.summary
      ? String(defaultPayloadConverter.fromPayload(event.userMetadata.summary))
      : undefined,
  }));
}

/** EVENT_TYPE_ACTIVITY_TASK_STARTED → "activity task started". */
function eventName(type: string): string {
  return type.replace('EVENT_TYPE_', '').replaceAll('_', ' ').toLowerCase();
}
