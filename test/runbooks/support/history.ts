/** What a run may cost in Temporal's history, and where it goes. */
import type { WorkflowHandle } from '@temporalio/client';

/** At most so many events for a run, however long Azure takes. */
export function eventsMax(steps: number): number {
  return 40 + 12 * steps;
}

/** Types of the events in the run's history. */
export async function eventsOf(run: WorkflowHandle): Promise<string[]> {
  const { events } = await run.fetchHistory();
  return (events ?? []).map(
    (event) =>
      Object.keys(event)
        .find((key) => key.endsWith('EventAttributes'))
        ?.replace('EventAttributes', '') ?? '',
  );
}

/** A workflow task that a busy worker takes up too late is given out again by Temporal, and that costs two events. */
export function withoutWorkflowTasks(events: string[]): string[] {
  return events.filter((event) => !event.startsWith('workflowTask'));
}

/** Such as "activityTaskScheduled 8, timerStarted 1", the most frequent first. */
export function tally(events: string[]): string {
  const counts = new Map<string, number>();
  for (const event of events) counts.set(event, (counts.get(event) ?? 0) + 1);
  return [...counts]
    .sort(([, one], [, other]) => other - one)
    .map(([event, count]) => `${event} ${count}`)
    .join(', ');
}
