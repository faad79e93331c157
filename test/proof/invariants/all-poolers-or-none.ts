/**
 * Where a plan lets clients wait behind a pooler: when Azure took on the promotion, or the restart, no PgBouncer that served clients
 * let any through; and after a promotion none lets them go on before it has taken the file that leads to the new primary. A promotion
 * that ended without effect is one until it has ended; where it has failed after its effect, clients are across when it is asked for again.
 * Whether a restart that was taken on then meets clients (Azure was too slow, or no worker was left) is the client budget's.
 */
import { activityOf, type Evidence, type RunEvidence, wordsOf } from '../harness/evidence';
import type { PoolerRun } from '../harness/pooler-runs';
import type { SeenRequest } from '../harness/request';
import { poolerName } from '../kubernetes/manifests';
import type { Invariant } from './invariant';

/** One that has just come, or was started anew, is paused within a second or two; on a busy machine one later. */
const newcomerMs = 3000;

export const allPoolersOrNone: Invariant = {
  number: 11,
  name: 'all poolers or none',
  violations: (evidence) =>
    evidence.runs.flatMap((run) =>
      evidence.requests
        .filter((request) => isBehindPause(request, run))
        .flatMap((request) => [
          ...unpaused(request, run, evidence),
          ...(isPromotion(request) ? astray(request, run, evidence) : []),
        ]),
    ),
};

/** By the words of the plan: a restart that it does not promise to hide meets clients. */
function isBehindPause(request: SeenRequest, run: RunEvidence): boolean {
  if (!request.isAccepted || request.correlationId !== run.correlationId) return false;
  if (!isPromotion(request) && !request.path.endsWith('/restart')) return false;
  const name = activityOf(run, request)?.step;
  return run.plan?.steps.some((step) => step.name === name && step.impact?.startsWith('behind ')) ?? false;
}

function isPromotion({ effect }: SeenRequest): boolean {
  return effect.includes('"promoteMode"');
}

function unpaused(request: SeenRequest, run: RunEvidence, { poolers, requests }: Evidence): string[] {
  const there = poolers.filter((pooler) => pooler.startedAt <= request.at && (pooler.endedAt ?? Infinity) > request.at);
  if (there.length === 0) return [`${wordsOf(request)} was accepted, and no PgBouncer is known: nothing was shown`];
  const failed = requests.find((earlier) => isPromotion(earlier) && hasFailedBefore(earlier, request));
  const isAcross = ({ at, loadedAt }: State) =>
    failed !== undefined && at > failed.at && loadedAt >= stagedAt(run, requests);
  return there
    .filter(({ servesFrom = Infinity }) => servesFrom + newcomerMs <= request.at)
    .map((pooler) => ({ pooler, state: statesOf(pooler).findLast(({ at }) => at <= request.at)! }))
    .filter(({ state }) => !state.paused && !isAcross(state))
    .map(({ pooler }) => `${pooler.pod} let clients through when ${wordsOf(request)} was accepted`);
}

/** The same was asked for, and Azure said that it had failed, before it was asked for again. */
function hasFailedBefore(earlier: SeenRequest, { path, at, correlationId }: SeenRequest): boolean {
  const { isAccepted, endedInFailure, endedAt = Infinity } = earlier;
  return (
    isAccepted && endedInFailure && endedAt <= at && earlier.path === path && earlier.correlationId === correlationId
  );
}

function astray(promotion: SeenRequest, run: RunEvidence, { poolers, requests }: Evidence): string[] {
  const { at: from, endedInFailure, endedAt = from } = promotion;
  const until = endedInFailure ? endedAt : Infinity;
  return poolers.flatMap((pooler) =>
    statesOf(pooler)
      .filter(({ at, resumed, loadedAt }) => resumed && at > from && at < until && loadedAt < stagedAt(run, requests))
      .map(
        ({ at }) =>
          `${pooler.pod} was resumed at ${new Date(at).toISOString().slice(11, 23)}, after ${wordsOf(promotion)}, without the new address`,
      ),
  );
}

/** When the file that leads to the new primary was there: before this run, where it has not written it. */
function stagedAt(run: RunEvidence, requests: SeenRequest[]): number {
  const staged = requests.find(({ isAccepted, path }) => isAccepted && path.endsWith(`/secrets/${poolerName}`));
  return staged?.at ?? run.startedAt;
}

interface State {
  at: number;
  paused: boolean;
  /** It was paused until then. */
  resumed: boolean;
  /** When it took the file that it has. */
  loadedAt: number;
}

/** As it was started, and after each of what it was told. The pause of one database and that of all end each by its own word. */
function statesOf({ startedAt, told }: PoolerRun): State[] {
  const states: State[] = [{ at: startedAt, paused: false, resumed: false, loadedAt: startedAt }];
  const pauses = new Set<string | undefined>();
  for (const { at, what, database } of told) {
    const { paused: was, loadedAt } = states.at(-1)!;
    if (what === 'PAUSE') pauses.add(database);
    if (what === 'RESUME') pauses.delete(database);
    const paused = pauses.size > 0;
    states.push({ at, paused, resumed: was && !paused, loadedAt: what === 'RELOAD' ? at : loadedAt });
  }
  return states;
}
