/**
 * At most one accepted mutation per run, step, resource, direction and operator's order. One exception: where a worker died or
 * was frozen, an operation that ended Failed or Canceled may have done so unheard. The next worker finds the server idle and as
 * before, and sends the change again; that is no second effect, for the first had none.
 */
import { activityOf, type Evidence, isAccepted, type RunEvidence } from '../harness/evidence';
import type { LoggedRequest } from '../../../lab/azure';
import type { Invariant } from './invariant';

export const effectOnce: Invariant = {
  number: 3,
  name: 'effect once',
  violations: (evidence) => evidence.runs.flatMap((run) => repeated(run, evidence)),
};

function repeated(run: RunEvidence, { requests, workersLost }: Evidence): string[] {
  const unheard = ({ operationStatus }: LoggedRequest) =>
    workersLost && (operationStatus === 'Failed' || operationStatus === 'Canceled');
  const own = requests.filter(
    (request) => request.correlationId === run.correlationId && isAccepted(request) && !unheard(request),
  );
  const times = new Map<string, number>();
  for (const request of own) {
    const key = keyOf(run, request);
    times.set(key, (times.get(key) ?? 0) + 1);
  }
  return [...times].filter(([, count]) => count > 1).map(([key, count]) => `accepted ${count} times: ${key}`);
}

/** The body stands for the direction as well: there and back are two values. A restart has none, so it is asked of the step. */
function keyOf(run: RunEvidence, request: LoggedRequest): string {
  const at = Date.parse(request.at);
  const order = run.retriedAt.filter((retried) => retried <= at).length;
  const activity = activityOf(run, request);
  const what = `${request.method} ${request.path} ${JSON.stringify(request.body ?? null)}`;
  return `${what} by "${activity?.step ?? 'no step'}" ${activity?.direction ?? ''}, order ${order}`;
}
