/**
 * At most one accepted mutation per run, step, resource, direction and operator's order. One exception: where a worker died or
 * was frozen, an operation that ended in failure may have done so unheard. The next worker finds its target idle and as
 * before, and sends the change again; that is no second effect, for the first had none.
 */
import { activityOf, type Evidence, type RunEvidence } from '../harness/evidence';
import type { SeenRequest } from '../harness/request';
import type { Invariant } from './invariant';

export const effectOnce: Invariant = {
  number: 3,
  name: 'effect once',
  violations: (evidence) => evidence.runs.flatMap((run) => repeated(run, evidence)),
};

function repeated(run: RunEvidence, { requests, workersLost }: Evidence): string[] {
  const own = requests.filter(
    ({ correlationId, isAccepted, endedInFailure }) =>
      correlationId === run.correlationId && isAccepted && !(workersLost && endedInFailure),
  );
  const times = new Map<string, number>();
  for (const request of own) {
    const key = keyOf(run, request);
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  return [...times].filter(([, count]) => count > 1).map(([key, count]) => `accepted ${count} times: ${key}`);
}

/** What is set stands for the direction as well: there and back are two values. A restart has none, so it is asked of the step. */
function keyOf(run: RunEvidence, request: SeenRequest): string {
  const order = run.retriedAt.filter((retried) => retried <= request.at).length;
  const activity = activityOf(run, request);
  return `${request.effect} by "${activity?.step ?? 'no step'}" ${activity?.direction ?? ''}, order ${order}`;
}
