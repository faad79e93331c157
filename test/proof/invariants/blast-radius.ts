/** What was mutated is inside the plan; every mutation bears its run's name, and stands in Azure's own log under it. */
import { isAccepted, isMutation, serverOf } from '../harness/evidence';
import type { Invariant } from './invariant';

export const blastRadius: Invariant = {
  number: 10,
  name: 'blast radius',
  violations: ({ runs, requests, audited }) =>
    requests.filter(isMutation).flatMap((request) => {
      const what = `${request.method} ${request.path} at ${request.at}`;
      const run = runs.find(({ correlationId }) => correlationId === request.correlationId);
      if (!run) return [`${what} bears no run's name`];
      const planned = (run.plan?.steps ?? []).map(({ resource }) => serverOf(resource));
      return [
        ...(planned.includes(request.server ?? '') ? [] : [`${what} is outside the plan (${planned.join(', ')})`]),
        ...(!isAccepted(request) || audited.get(request.operation!) === run.correlationId
          ? []
          : [`${what} was accepted and is not in the activity log under its run`]),
      ];
    }),
};
