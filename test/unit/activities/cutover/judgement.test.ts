/** The one pod beside its siblings, and the pools. */
import { exhausted, isHopeless, worseThan } from '../../../../activities/cutover/judgement';

const pod = (name: string, took: number, failed = 0, count = 10) => ({
  ...{ pod: name, failed, took: Array.from({ length: count }, () => took) },
});

test.each([
  ['as fast as its siblings', pod('new', 12), [pod('a', 10), pod('b', 14)], []],
  ['a hop slower', pod('new', 50), [pod('a', 10)], []],
  ['far slower', pod('new', 100), [pod('a', 10)], ['new takes 100 ms, its siblings 10 ms']],
  ['slow as they are', pod('new', 700), [pod('a', 600)], []],
  ['it failed', pod('new', 10, 1), [pod('a', 10)], ['new failed 1 times, half of its siblings no more than 0']],
  ['it failed as its only one did', pod('new', 10, 2), [pod('a', 10, 2)], []],
  ['it failed as half of them did', pod('new', 10, 2), [pod('a', 10), pod('b', 10, 2), pod('c', 10, 3)], []],
  [
    'it failed, and so did the address of one that is gone',
    pod('new', 10, 2),
    [pod('a', 10), pod('gone', 10, 90, 0)],
    ['new failed 2 times, half of its siblings no more than 0'],
  ],
  ['it hardly answered', pod('new', 10, 0, 3), [pod('a', 10)], ['new answered 3 times only']],
  ['it has no siblings', pod('new', 900), [], []],
])('%s', (_what, canary, siblings, why) => expect(worseThan(canary, siblings)).toEqual(why));

test.each([
  ['it has just failed', pod('new', 10, 4), [pod('a', 10)], false],
  ['it fails and fails', pod('new', 10, 5), [pod('a', 10)], true],
  ['as its siblings do', pod('new', 10, 9), [pod('a', 10, 5)], false],
  ['beside one that is gone', pod('new', 10, 5), [pod('a', 10), pod('gone', 10, 90, 0)], true],
  ['it has none', pod('new', 10, 5), [], true],
])('%s: no more time changes that: %j', (_what, canary, siblings, hopeless) =>
  expect(isHopeless(canary, siblings)).toBe(hopeless),
);

test('a client that waits for a second is told of, one that waits a moment is not', () => {
  const look = { pod: 'p', transactions: 0, busy: 25 };
  expect(exhausted({ ...look, waiting: 3, maxWaitSeconds: 0 })).toEqual([]);
  expect(exhausted({ ...look, waiting: 0, maxWaitSeconds: 5 })).toEqual([]);
  expect(exhausted({ ...look, waiting: 3, maxWaitSeconds: 1 })).toEqual(['3 clients wait in p, the first for 1 s']);
  // The server is away.
  expect(exhausted({ ...look, busy: 0, waiting: 3, maxWaitSeconds: 9 })).toEqual([]);
});
