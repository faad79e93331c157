/**
 * The activity log (Microsoft.Insights/eventtypes/management/values): who changed what, and how it ended. Each operation
 * gives an event when it begins and one when it ends, in activity-log.jsonl as Azure shows them.
 */
import { randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AzureError } from './errors';
import type { Operation } from './operations';

const kept = 5000;

export interface ActivityEvent {
  eventTimestamp: string;
  resourceId: string;
  caller: string;
  correlationId: string;
  operationName: { value: string; localizedValue: string };
  status: { value: string; localizedValue: string };
  [field: string]: unknown;
}

export class ActivityLog {
  private readonly file: string;
  private readonly events: ActivityEvent[];

  constructor(
    folder: string,
    private readonly subscription: string,
    private readonly group: string,
  ) {
    this.file = join(folder, 'activity-log.jsonl');
    this.events = existsSync(this.file)
      ? readFileSync(this.file, 'utf8')
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line) as ActivityEvent)
      : [];
  }

  began(operation: Operation): void {
    this.write(operation, 'Started', 'BeginRequest', operation.startedAt);
  }

  ended(operation: Operation): void {
    this.write(operation, operation.status, 'EndRequest', operation.endedAt ?? new Date().toISOString());
  }

  /** Newest first. Throws a 400 for a filter it does not know. */
  list(filter: string | undefined): ActivityEvent[] {
    const matches = parseFilter(filter);
    return this.events.filter(matches).reverse();
  }

  private write(operation: Operation, status: string, phase: string, at: string): void {
    const event = this.event(operation, status, phase, at);
    this.events.push(event);
    if (this.events.length > kept) this.events.shift();
    appendFileSync(this.file, JSON.stringify(event) + '\n', { mode: 0o600 });
  }

  private event(operation: Operation, status: string, phase: string, at: string): ActivityEvent {
    const named = (value: string) => ({ value, localizedValue: value });
    const eventDataId = randomUUID();
    const ticks = Date.parse(at) * 10_000 + 621_355_968_000_000_000;
    return {
      authorization: { action: operation.action, scope: operation.resourceId },
      caller: operation.caller,
      channels: 'Operation',
      claims: {},
      correlationId: operation.correlationId,
      description: '',
      eventDataId,
      eventName: named(phase),
      category: named('Administrative'),
      id: `${operation.resourceId}/events/${eventDataId}/ticks/${ticks}`,
      level: status === 'Failed' ? 'Error' : 'Informational',
      resourceGroupName: this.group,
      resourceProviderName: named(operation.action.split('/')[0]!),
      resourceType: named(operation.action.split('/').slice(0, -1).join('/')),
      resourceId: operation.resourceId,
      operationId: operation.id,
      operationName: named(operation.action),
      properties: {
        eventCategory: 'Administrative',
        entity: operation.resourceId,
        message: operation.action,
        ...(operation.error
          ? { statusCode: 'Conflict', statusMessage: JSON.stringify({ error: operation.error }) }
          : {}),
      },
      status: named(status),
      subStatus: named(''),
      eventTimestamp: at,
      submissionTimestamp: at,
      subscriptionId: this.subscription,
    };
  }
}

/** The fields that Azure can filter by (learn.microsoft.com, rest/api/monitor/activity-logs/list). */
export function parseFilter(filter: string | undefined): (event: ActivityEvent) => boolean {
  const terms = (filter ?? '').trim() === '' ? [] : (filter ?? '').split(/\s+and\s+/i);
  const tests = terms.map((term) => {
    const match = /^(\w+)\s+(eq|ge|le)\s+'?([^']*)'?$/i.exec(term.trim());
    if (!match) throw invalidFilter(term);
    const [, field = '', operator = '', value = ''] = match;
    return test(field, operator.toLowerCase(), value);
  });
  return (event) => tests.every((matches) => matches(event));
}

function test(field: string, operator: string, value: string): (event: ActivityEvent) => boolean {
  const same = (text: unknown) => String(text).toLowerCase() === value.toLowerCase();
  switch (field.toLowerCase()) {
    case 'eventtimestamp': {
      const at = Date.parse(value);
      if (Number.isNaN(at)) throw invalidFilter(`${field} ${operator} '${value}'`);
      if (operator === 'ge') return (event) => Date.parse(event.eventTimestamp) >= at;
      return (event) => Date.parse(event.eventTimestamp) <= at;
    }
    case 'resourceuri':
    case 'resourceid':
      // Children of the resource belong to it.
      return ({ resourceId }) => same(resourceId) || resourceId.toLowerCase().startsWith(`${value.toLowerCase()}/`);
    case 'resourcegroupname':
      return (event) => same(event['resourceGroupName']);
    case 'resourceprovider':
      return ({ operationName }) => same(operationName.value.split('/')[0]);
    case 'correlationid':
      return (event) => same(event.correlationId);
    case 'eventchannels':
    case 'channels':
    case 'levels':
      return () => true;
    default:
      throw invalidFilter(field);
  }
}

function invalidFilter(term: string): AzureError {
  return new AzureError(400, 'BadRequest', `The $filter term "${term}" is not supported.`, 'gateway');
}
