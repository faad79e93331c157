/** Which operations of the activity log are still open. */
import { openOperations } from '../../../../activities/azure/activity-log';

const event = (operationId: string, status: string, eventTimestamp: string) => ({
  operationId,
  status: { value: status },
  eventTimestamp,
  caller: 'someone',
  correlationId: `run-${operationId}`,
  operationName: { value: 'flexibleServers/write' },
});

test('an operation is open until an event says how it ended', () => {
  const open = openOperations([
    event('ended', 'Succeeded', '2026-01-01T00:05:00Z'),
    event('ended', 'Started', '2026-01-01T00:00:00Z'),
    event('refused', 'Failed', '2026-01-01T00:00:01Z'),
    event('accepted', 'Accepted', '2026-01-01T00:02:01Z'),
    event('accepted', 'Started', '2026-01-01T00:02:00Z'),
    event('newest', 'Started', '2026-01-01T00:03:00Z'),
  ]);
  expect(open.map(({ operationId, since }) => [operationId, since])).toEqual([
    ['newest', '2026-01-01T00:03:00Z'],
    ['accepted', '2026-01-01T00:02:00Z'],
  ]);
});
