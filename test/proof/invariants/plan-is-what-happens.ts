/**
 * Every mutation belongs to a step of the plan, sets what the plan says, and comes in the plan's order: forward, then back
 * in reverse. After a 429, no request comes before its Retry-After.
 */
import type { LoggedRequest } from '../../../lab/azure';
import { activityOf, type Evidence, isMutation, type RunEvidence, serverOf } from '../harness/evidence';
import type { Invariant } from './invariant';

export const planIsWhatHappens: Invariant = {
  number: 12,
  name: 'the plan is what happens',
  violations: (evidence) => [...evidence.runs.flatMap((run) => ofRun(run, evidence)), ...tooEarly(evidence)],
};

interface Attributed {
  /** Place in the plan. */
  index: number;
  back: boolean;
  at: string;
}

function ofRun(run: RunEvidence, { requests }: Evidence): string[] {
  const steps = run.plan?.steps ?? [];
  const problems: string[] = [];
  const sequence: Attributed[] = [];
  for (const request of requests.filter((one) => isMutation(one) && one.correlationId === run.correlationId)) {
    const what = `${request.method} ${request.path} at ${request.at}`;
    const activity = activityOf(run, request);
    const index = steps.findIndex(({ name }) => name === activity?.step);
    const step = steps[index];
    if (!activity || !step) {
      problems.push(`${what} belongs to no step`);
      continue;
    }
    const back = activity.direction === 'back';
    if (serverOf(step.resource) !== request.server) problems.push(`${what} is not about ${step.resource}`);
    const value = valueIn(request);
    const said = back ? step.from : step.to;
    if (value !== undefined && !said.includes(value)) {
      problems.push(`${what} sets ${value}; the plan says ${said} for "${step.name}"`);
    }
    sequence.push({ index, back, at: request.at });
  }
  return [...problems, ...disorder(sequence)];
}

function disorder(sequence: Attributed[]): string[] {
  return sequence.slice(1).flatMap((now, index) => {
    const last = sequence[index]!;
    const inOrder = now.back === last.back ? (now.back ? now.index <= last.index : now.index >= last.index) : now.back;
    return inOrder ? [] : [`the mutation at ${now.at} (step ${now.index + 1}) is out of the plan's order`];
  });
}

/** What a request sets, in the words that plans use. */
function valueIn({ body }: LoggedRequest): string | undefined {
  const { sku, properties } = (body ?? {}) as {
    sku?: { name?: string };
    properties?: { value?: string; storage?: { storageSizeGB?: number } };
  };
  if (sku?.name) return sku.name.replace(/^Standard_/, '');
  const gigabytes = properties?.storage?.storageSizeGB;
  return gigabytes === undefined ? properties?.value : `${gigabytes} GiB`;
}

function tooEarly({ forbidden, requests }: Evidence): string[] {
  return forbidden.flatMap(({ from, to }) =>
    requests
      .map((request) => ({ request, at: Date.parse(request.at) }))
      // What was under way when the 429 was answered is no disobedience.
      .filter(({ at }) => at > from + 50 && at < to - 50)
      .map(({ request }) => `${request.method} ${request.path} came ${request.at}, before its Retry-After was over`),
  );
}
