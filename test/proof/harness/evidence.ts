/** What really happened in a case: all that the invariants look at. Times in milliseconds since the epoch. */
import type { LockState, Plan, Report, RunStatus } from '../../../catalogue';
import type { State } from '../subjects/subject';
import type { Case, Counts } from './case';
import type { ClientsReport } from './clients';
import type { Activity, History, Holding } from './history';
import type { PoolerRun } from './pooler-runs';
import type { SeenRequest, SystemName } from './request';

/** A run that waited for an operator. */
export interface Sighting {
  at: number;
  status: RunStatus;
  locks: LockState[];
}

export interface RunEvidence {
  workflowId: string;
  /** By which the systems' logs tell whose a change is. */
  correlationId: string;
  history: History;
  activities: Activity[];
  /** Temporal's word: COMPLETED, FAILED, RUNNING, TERMINATED. */
  status: string;
  /** What the failure with which it closed is called. */
  failure?: string;
  plan?: Plan;
  report?: Report;
  sightings: Sighting[];
  /** When it was ordered to try again. */
  retriedAt: number[];
  startedAt: number;
  closedAt?: number;
}

export interface LockEvidence {
  target: string;
  holdings: Holding[];
  /** When all was over. */
  state: LockState;
}

export interface Evidence {
  case: Case;
  /** The one that the case is about first; then its rivals. */
  runs: [RunEvidence, ...RunEvidence[]];
  /** Every request of the case's workers, in the order in which they came. */
  requests: SeenRequest[];
  /** A worker was killed or frozen. */
  workersLost: boolean;
  /** What its workers did, by kind. */
  counts: Counts;
  locks: LockEvidence[];
  /** Mutations of the runs in the systems' own logs: audit id → correlation id. */
  audited: Map<string, string>;
  /** Canonical ids of the servers, or of the cache, that were there before the run. */
  servers: string[];
  before: State;
  after: State;
  /** What `after` is to be if the run succeeded. */
  wanted: State;
  /** What others have changed during the run, and when. */
  competed: { at: number; state: State }[];
  /** Pods that were started during the run. */
  podsStarted: number;
  /** Every PgBouncer that there was during the run, where its clients come through a pooler. */
  poolers: PoolerRun[];
  clients: ClientsReport;
  /** From the moment when nothing went wrong any more to the end, and how long that may take. */
  settledSeconds: number;
  deadlineSeconds: number;
  /** Why a history cannot be replayed on the code that wrote it. */
  replayErrors: string[];
  /** Times at which requests to a system were forbidden, all or those of one path: after a 429 with Retry-After. */
  forbidden: { system: SystemName; path?: string; from: number; to: number }[];
}

/** The change activity during which the run sent a request. */
export function activityOf(run: RunEvidence, { at }: SeenRequest): Activity | undefined {
  // Temporal's clock and this process's are the same machine's; a millisecond is lost in rounding.
  return run.activities.find(
    ({ type, scheduledAt, closedAt = Infinity }) => isChange(type) && at >= scheduledAt - 2 && at <= closedAt + 2,
  );
}

/** For people: "PATCH /path at 12:00:00.123". */
export function wordsOf({ method, path, at }: SeenRequest): string {
  return `${method} ${path} at ${new Date(at).toISOString().slice(11, 23)}`;
}

/** What of the state others have set, by the last of them. */
export function setByOthers({ competed }: Pick<Evidence, 'competed'>): State {
  return Object.assign({}, ...competed.map(({ state }) => state)) as State;
}

/** By the names of activities: what neither reads nor checks nor tidies up nor speaks with locks changes its target. */
export function isChange(type: string): boolean {
  return !isVerification(type) && !/^read|^inspect|^measure|^tidy|Targets$/.test(type);
}

/** When the plan that it carried out was made: the last look before its first change. */
export function plannedAt({ activities }: RunEvidence): number {
  const firstChange = Math.min(
    ...activities.filter(({ type }) => isChange(type)).map(({ scheduledAt }) => scheduledAt),
  );
  const looks = activities.filter(({ step, scheduledAt }) => step === 'preflight' && scheduledAt <= firstChange);
  return Math.max(...looks.map(({ closedAt = 0 }) => closedAt));
}

export function isVerification(type: string): boolean {
  return /^verify/.test(type);
}
