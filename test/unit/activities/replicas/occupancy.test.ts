/** Whether anybody is on a replica, asked under a clock of its own. */
import { CancelledFailure } from '@temporalio/common';
import { failure } from '../../../../activities/failures';
import { assertNotPromoted, sessionsOn, sessionsOnUnready } from '../../../../activities/replicas/occupancy';

const unreachable = failure('DatabaseUnreachable', 'timeout expired');
const full = failure({ type: 'DatabaseUnreachable', message: 'SQLSTATE 53300: sorry', code: '53300' });
const starting = failure({ type: 'DatabaseUnreachable', message: 'SQLSTATE 57P03: starting up', code: '57P03' });

type Answer = Record<string, number> | Error;

/** The last answer is given for ever. */
async function ask(answers: Answer[], sleep = (): Promise<void> => Promise.resolve()) {
  const clock = { now: 0 };
  let looks = 0;
  const look = (): Promise<Record<string, number>> => {
    const answer = answers[Math.min(looks++, answers.length - 1)]!;
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const found = sessionsOn('replica-1', look, {
    now: () => clock.now,
    sleep: (ms) => {
      clock.now += ms;
      return sleep();
    },
  });
  return { found: await found, after: clock.now };
}

test.each<[string, Answer[], { found: Record<string, number>; after: number }]>([
  ['nobody is there', [{}], { found: {}, after: 0 }],
  ['somebody is', [{ app: 2 }], { found: { app: 2 }, after: 0 }],
  ['it did not answer for a moment', [unreachable, starting, { app: 1 }], { found: { app: 1 }, after: 10_000 }],
  ['it never answers', [unreachable], { found: {}, after: 60_000 }],
])('%s', async (_what, answers, told) => expect(await ask(answers)).toEqual(told));

test.each<[string, Answer[], object]>([
  ['it is full of clients', [full], { type: 'ReplicaInUse', message: expect.stringContaining('53300') as string }],
  ['it is full of clients once it answers', [unreachable, full], { type: 'ReplicaInUse' }],
  ['it lets us in no more', [failure('DatabaseLoginRejected', 'no')], { type: 'DatabaseLoginRejected' }],
])('%s: it does not count as empty', (_what, answers, why) => expect(ask(answers)).rejects.toMatchObject(why));

test.each<[string, () => Promise<Record<string, number>>, Record<string, number>]>([
  ['somebody is on it', () => Promise.resolve({ app: 1 }), { app: 1 }],
  ['it does not answer', () => Promise.reject(unreachable), {}],
])('one that Azure does not call Ready is asked once: %s', async (_what, look, found) =>
  expect(await sessionsOnUnready('replica-1', look)).toEqual(found),
);

test.each<[string, { source?: string; state: string }[], 'promoted' | number]>([
  ['Azure says so at once', [{ state: 'Ready' }], 'promoted'],
  [
    'Azure says so when it is done',
    [...Array<object>(40).fill({ source: 'p', state: 'Updating' }), { state: 'Ready' }] as never,
    'promoted',
  ],
  ['it has diverged: Azure never says so', [{ source: 'p', state: 'Ready' }], 15_000],
])('one that is a primary by its own word: %s', async (_what, answers, outcome) => {
  const clock = { now: 0 };
  let looks = 0;
  const asked = assertNotPromoted(
    { replica: 'replica-1', source: 'p' },
    () => Promise.resolve(answers[Math.min(looks++, answers.length - 1)]),
    { deadlineAt: 120_000, now: () => clock.now, sleep: (ms) => Promise.resolve(void (clock.now += ms)) },
  );
  if (outcome === 'promoted') return expect(asked).rejects.toMatchObject({ type: 'Drift' });
  await asked;
  expect(clock.now).toBe(outcome);
});

test('one that is full is in use, whatever Azure calls it', () =>
  expect(sessionsOnUnready('replica-1', () => Promise.reject(full))).rejects.toMatchObject({ type: 'ReplicaInUse' }));

test('a run that is stopped waits no longer', () => {
  const stopped = () => Promise.reject(new CancelledFailure('stopped'));
  return expect(ask([unreachable], stopped)).rejects.toThrow('stopped');
});
