/** What was mutated is inside the plan; every mutation bears its run's name, and stands once in the system's own log under it. */
import { type Evidence, wordsOf } from '../harness/evidence';
import type { SeenRequest } from '../harness/request';
import type { Invariant } from './invariant';

export const blastRadius: Invariant = {
  number: 10,
  name: 'blast radius',
  violations: (evidence) => {
    const mutations = evidence.requests.filter(({ isMutation }) => isMutation);
    return [...mutations.flatMap((request) => ofRequest(request, evidence)), ...unseen(mutations, evidence)];
  },
};

function ofRequest(request: SeenRequest, { runs, audited }: Evidence): string[] {
  const what = wordsOf(request);
  const run = runs.find(({ correlationId }) => correlationId === request.correlationId);
  if (!run) return [`${what} bears no run's name`];
  const planned = (run.plan?.steps ?? []).map(({ resource }) => resource);
  return [
    ...(planned.includes(request.resource ?? '') ? [] : [`${what} is outside the plan (${planned.join(', ')})`]),
    ...(!request.isAccepted || audited.get(request.auditId ?? '') === run.correlationId
      ? []
      : [`${what} was accepted and is not in the system's log under its run`]),
  ];
}

function unseen(mutations: SeenRequest[], { audited }: Evidence): string[] {
  const seen = new Set(mutations.map(({ auditId }) => auditId));
  return [...audited.keys()]
    .filter((id) => !seen.has(id))
    .map((id) => `the system's log tells of ${id}, which came past the harness`);
}
