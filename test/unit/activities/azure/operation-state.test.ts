/** Replies of a long-running operation: only Succeeded, Failed and Canceled end it. */
import { operationOf, operationStateOf, type Reply } from '../../../../activities/azure/operation-state';

const reply = (status: number, body: unknown = '', headers: Record<string, string> = {}): Reply => ({
  status,
  header: (name) => headers[name],
  body: typeof body === 'string' ? body : JSON.stringify(body),
});

test.each([
  [
    'in progress',
    reply(200, { status: 'InProgress' }, { 'retry-after': '60' }),
    { status: 'running', retryAfterSeconds: 60 },
  ],
  ['a status nobody knows', reply(200, { status: 'Dropping' }), { status: 'running' }],
  ['succeeded', reply(200, { status: 'Succeeded' }, { 'retry-after': '60' }), { status: 'succeeded' }],
  [
    'failed',
    reply(200, { status: 'Failed', error: { code: 'ServerIsBusy', message: 'busy' } }),
    { status: 'failed', code: 'ServerIsBusy', message: 'busy' },
  ],
  [
    'failed with an empty code',
    reply(200, { status: 'Failed', error: { code: '', message: 'm' } }),
    { status: 'failed', code: '', message: 'm' },
  ],
  ['failed without an error', reply(200, { status: 'Failed' }), { status: 'failed', code: '', message: '' }],
  [
    'overtaken by another',
    reply(200, { status: 'Canceled', error: { code: 'OperationPreempted', message: 'p' } }),
    { status: 'canceled', code: 'OperationPreempted', message: 'p' },
  ],
  ['a location that is not ready', reply(202), { status: 'running' }],
  ['a location that is', reply(200, { properties: {} }), { status: 'succeeded' }],
  ['404 is no answer', reply(404, { error: { code: 'NotFound' } }), undefined],
  ['500 is no answer', reply(500, { status: 'Failed' }), undefined],
  ['503 with HTML is no answer', reply(503, '<html>'), undefined],
])('%s', (_what, given, state) => {
  expect(operationStateOf(given)).toEqual(state);
});

test('the operation is where Azure-AsyncOperation says, a blank in its region escaped', () => {
  const headers = {
    'azure-asyncoperation': 'https://arm/locations/East US/op?t=1',
    location: 'https://arm/other',
    'retry-after': '60',
  };
  expect(operationOf(reply(202, '', headers))).toEqual({
    url: 'https://arm/locations/East%20US/op?t=1',
    retryAfterSeconds: 60,
  });
});

test('a change that was made at once has no operation', () => {
  expect(operationOf(reply(200, {}))).toBeUndefined();
});
