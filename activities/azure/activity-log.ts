/** Reading Azure's activity log (Microsoft.Insights, event data of category Administrative). Pure. */
import type { LoggedOperation } from './operations';

export interface ActivityLogEvent {
  operationId?: string;
  operationName?: { value?: string };
  status?: { value?: string };
  caller?: string;
  correlationId?: string;
  eventTimestamp?: string;
}

/** An operation has an event when it begins, perhaps one when it is accepted, and one when it ends. */
const open = new Set(['Started', 'Accepted', 'Active', 'InProgress']);

/** Operations without an event of their end, newest first. */
export function openOperations(events: ActivityLogEvent[]): LoggedOperation[] {
  const ended = new Set(
    events.filter(({ status }) => !open.has(status?.value ?? '')).map(({ operationId }) => operationId),
  );
  const begun = new Map<string, LoggedOperation>();
  for (const event of events) {
    const { operationId = '', eventTimestamp: since = '' } = event;
    const known = begun.get(operationId);
    if (ended.has(operationId) || (known && known.since <= since)) continue;
    begun.set(operationId, {
      operationId,
      action: event.operationName?.value ?? '',
      caller: event.caller ?? '',
      correlationId: event.correlationId ?? '',
      since,
    });
  }
  return [...begun.values()].sort((a, b) => b.since.localeCompare(a.since));
}
