/**
 * Every mutation belongs to a step of the plan, sets what the plan says, and comes in the plan's order: forward, then back
 * in reverse. A run that succeeded has made one for every step. What others set after the plan was made under the lock is not
 * overwritten, unless an operator orders it. What nodes of a Redis cluster are told does not pass by here: that it had its effect is
 * what the variant's state shows. After a 429, no request comes before its Retry-After.
 */
import { activityOf, type Evidence, plannedAt, type RunEvidence, wordsOf } from '../harness/evidence';
import type { SeenRequest } from '../harness/request';
import type { Invariant } from './invariant';

export const planIsWhatHappens: Invariant = {
  number: 12,
  name: 'the plan is what happens',
  violations: (evidence) => [
    ...evidence.runs.flatMap((run) => ofRun(run, evidence)),
    ...overwritten(evidence),
    ...tooEarly(evidence),
  ],
};

interface Attributed {
  request: SeenRequest;
  /** Place in the plan. */
  index: number;
  back: boolean;
}

function ofRun(run: RunEvidence, { requests }: Evidence): string[] {
  const steps = run.plan?.steps ?? [];
  const problems: string[] = [];
  const sequence: Attributed[] = [];
  for (const request of requests.filter((one) => one.isMutation && one.correlationId === run.correlationId)) {
    const what = wordsOf(request);
    const activity = activityOf(run, request);
    const index = steps.findIndex(({ name }) => name === activity?.step);
    const step = steps[index];
    if (!activity || !step) {
      problems.push(`${what} belongs to no step`);
      continue;
    }
    const back = activity.direction === 'back';
    if (step.resource !== request.resource) problems.push(`${what} is not about ${step.resource}`);
    const said = back ? step.from : step.to;
    const unsaid = request.sets.filter((value) => !says(said, value));
    problems.push(...unsaid.map((value) => `${what} sets ${value}; the plan says ${said} for "${step.name}"`));
    sequence.push({ request, index, back });
  }
  return [...problems, ...disorder(sequence), ...unperformed(run, sequence)];
}

/** As a word of its own: a plan for 50 says nothing of 5. */
function says(words: string, value: string): boolean {
  const at = words.indexOf(value);
  if (at < 0) return false;
  const inWord = /[\w.]/;
  const alone = !inWord.test(words[at - 1] ?? '') && !inWord.test(words[at + value.length] ?? '');
  return alone || says(words.slice(at + 1), value);
}

function disorder(sequence: Attributed[]): string[] {
  return sequence.slice(1).flatMap((now, index) => {
    const last = sequence[index]!;
    const inOrder = now.back === last.back ? (now.back ? now.index <= last.index : now.index >= last.index) : now.back;
    return inOrder ? [] : [`${wordsOf(now.request)} (step ${now.index + 1}) is out of the plan's order`];
  });
}

function unperformed({ report, plan }: RunEvidence, sequence: Attributed[]): string[] {
  if (report?.outcome !== 'Succeeded') return [];
  return (plan?.steps ?? [])
    .filter(
      ({ resource }, step) =>
        !resource.startsWith('rediscluster:') &&
        !sequence.some(({ index, back, request }) => index === step && !back && request.isAccepted),
    )
    .map(({ name, to }) => `the run succeeded, and nothing was sent for "${name}" (to ${to})`);
}

function overwritten({ runs: [run], competed, after }: Evidence): string[] {
  const { report } = run;
  if (report?.outcome !== 'Succeeded' || report.operators.some(({ order }) => order === 'retry')) return [];
  return competed
    .filter(({ at }) => at > plannedAt(run))
    .flatMap(({ state }) => Object.entries(state))
    .filter(([what, value]) => after[what] !== value)
    .map(([what, value]) => `${what} was set to ${value} by another, and is ${after[what]}: overwritten`);
}

/** One that was under way when the 429 was answered is no disobedience; on two busy cores such a one arrived 57 ms later. */
const underWayMs = 250;

function tooEarly({ forbidden, requests }: Evidence): string[] {
  return forbidden.flatMap(({ system, path, from, to }) =>
    requests
      .filter((request) => path === undefined || path === request.path)
      .filter((request) => request.system === system && request.at > from + underWayMs && request.at < to - 50)
      .map((request) => `${wordsOf(request)} came before its Retry-After was over`),
  );
}
