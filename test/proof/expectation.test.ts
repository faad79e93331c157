/** Goal: a case that did not do what it was meant to is told as a violation. Method: a table of endings, of one case that an abort strikes. */
import { green } from './harness/case';
import type { Evidence } from './harness/evidence';
import { unmet } from './harness/expectation';

const step = { name: 'scale primary', error: undefined as string | undefined };
const question = (tried: string) => ({ status: { trouble: { step: 'scale primary', tried: [tried] } } });
const all = { count: 1, failures: [] as string[], unheard: [] as string[] };

/** A run that has gone back because it was told to, with what is different. */
function ended(report: object, expected: object = {}, sightings: object[] = []): Evidence {
  const run = {
    ...{ status: 'COMPLETED', plan: { steps: [step] }, sightings },
    report: { outcome: 'RolledBack', summary: 'aborted', steps: [step], ...report },
  };
  const strikes = [{}] as Evidence['case']['strikes'];
  const given = { ...green, strikes, expected: { outcomes: ['RolledBack'], ...expected } };
  return { case: given, runs: [run] } as unknown as Evidence;
}

const failing = { steps: [{ ...step, error: 'no room' }] };
const failed = { failed: { step: 0, words: 'no room' } };

test.each<[string, Evidence, Partial<typeof all>, string[], RegExp[]]>([
  ['as it was meant', ended({}), {}, [], []],
  ['another outcome', ended({ outcome: 'Succeeded' }), {}, [], [/^the outcome is Succeeded .*, not RolledBack$/]],
  ['an order that nobody took counts as not given', ended({ outcome: 'Succeeded' }), { unheard: ['abort'] }, [], []],
  ['which excuses no other outcome', ended({ outcome: 'Accepted' }), { unheard: ['abort'] }, [], [/is Accepted/]],
  ['a strike that did not happen', ended({}), { count: 0 }, [], [/^only 0 of 1 strikes/]],
  ['a strike that could not be made', ended({}), { failures: ['the worker is away'] }, [], [/^the worker is away$/]],
  ['a fault that never struck', ended({}), {}, ['throttle'], [/^the fault throttle never struck$/]],
  ['the failure that was meant', ended(failing, failed), {}, [], []],
  ['no failure where one was meant', ended({}, failed), {}, [], [/was to fail with: no room; it tells: no failure$/]],
  ['a question that was meant', ended({}, { asked: [0], told: ['why'] }, [question('why not')]), {}, [], []],
  [
    'a question too many',
    ended({}, { asked: [] }, [question('why')]),
    {},
    [],
    [/about steps \[\], and was about \[0\]: why$/],
  ],
  ['a cause that was not told', ended({}, { told: ['why'] }, [question('so')]), {}, [], [/was not told: why$/]],
])('%s', (_name, evidence, strikes, missed, told) => {
  expect(unmet(evidence, { ...all, ...strikes }, missed).map(({ what }) => what)).toEqual(
    told.map((words) => expect.stringMatching(words) as string),
  );
});
