/** Which orders a run takes: those that answer an operator's question, and `resume`. */
import { answerSchema } from '../../../catalogue';
import { mayAccept, mayResume } from '../../../workflows/runbook/permissions';

type Asked = Parameters<typeof mayAccept>[0];

const since = '2026-11-24T03:12:07.250Z';
const asking = {
  phase: 'needs-operator',
  trouble: { step: 'scale primary', now: '', tried: ['busy'], held: [], orders: ['retry', 'accept'], since },
} as unknown as Asked;
const answer = (question?: string) =>
  answerSchema.parse({ by: 'night@example.com', reason: 'seen', ...(question && { question }) });

test.each<[string | undefined, string | undefined]>([
  [undefined, undefined],
  ['03:12:07', undefined],
  ['03:12:07Z', undefined],
  ['2026-11-24T03:12:07Z', undefined],
  [since, undefined],
  ['03:12:06', 'the question of 03:12:06 has had its answer'],
  ['2026-11-23T03:12:07Z', 'the question of 2026-11-23T03:12:07 has had its answer'],
])('an answer to the question of %s', (question, refusal) => {
  const said = mayAccept(asking, answer(question));
  if (refusal === undefined) expect(said).toBeUndefined();
  else expect(said).toContain(`${refusal}; since ${since} this run asks another, at step "scale primary" (busy)`);
});

test('resume: what is paused, and has not closed', () => {
  const pauseOrder = { by: 'night@example.com', reason: 'wait' };
  expect(mayResume({ ...asking, phase: 'paused', pauseOrder })).toBeUndefined();
  expect(mayResume({ ...asking, phase: 'closed', pauseOrder })).toMatch(/^resume: not now, this run is closed/);
  expect(mayResume({ ...asking, phase: 'running' })).toBe('this run is not paused');
});
