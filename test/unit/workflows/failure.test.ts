/** What a failure is told as. */
import { TimeoutFailure } from '@temporalio/common';
import { storyOf } from '../../../workflows/runbook/failure';

const late = (type: TimeoutFailure['timeoutType'], heard?: unknown) => new TimeoutFailure(undefined, heard, type);

test.each([
  ['nothing was heard', late('SCHEDULE_TO_CLOSE'), 'no answer in time (the time for it is over)'],
  [
    'what its worker said last is told',
    late('HEARTBEAT', '1729 slots moved'),
    'no answer in time (its worker was not heard of any more); last heard: 1729 slots moved',
  ],
  [
    'what only the next attempt understands is not',
    late('START_TO_CLOSE', { polledAt: 1 }),
    'no answer in time (one attempt took too long)',
  ],
])('no answer in time: %s', (_, failure, message) => {
  expect(storyOf(failure)).toEqual({ type: 'TimedOut', message, asks: true });
});

test('a time that is over, with the reason of the attempt before: an operator is told both', () => {
  const cause = { message: 'HTTP 503', applicationFailureInfo: { type: 'AzureUnavailable' } };
  const failure = Object.assign(late('SCHEDULE_TO_CLOSE'), { failure: { cause } });
  expect(storyOf(failure)).toEqual({
    type: 'TimedOut',
    message: 'no answer in time (the time for it is over); the attempt before: HTTP 503',
    asks: true,
  });
});
