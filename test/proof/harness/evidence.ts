/** What really happened in a case: all that the invariants look at. Times in milliseconds since the epoch. */
import type { LockState, Plan, Report, RunStatus } from '../../../catalogue';
import type { LoggedRequest } from '../../../lab/azure';
import type { TrafficReport } from '../../../lab/traffic/traffic';
import type { State } from '../subjects/subject';
import type { Case } from './case';
import type { Activity, History, Holding } from './history';

/** A run that waited for an operator. */
export interface Sighting {
  at: number;
  status: RunStatus;
  locks: LockState[];
}

export interface RunEvidence {
  workflowId: string;
  /** By which Azure's logs tell whose a change is. */
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
  /** Every request of the case's workers. */
  requests: LoggedRequest[];
  /** A worker was killed or frozen. */
  workersLost: boolean;
  /** How often its workers connected to PostgreSQL. */
  connections: number;
  locks: LockEvidence[];
  /** Mutations in Azure's activity log by the runs: operation → correlation id. */
  audited: Map<string, string>;
  before: State;
  after: State;
  /** What `after` is to be if the run succeeded. */
  wanted: State;
  traffic: TrafficReport;
  /** From the moment when nothing went wrong any more to the end, and how long that may take. */
  settledSeconds: number;
  deadlineSeconds: number;
  /** Why a history cannot be replayed on the code that wrote it. */
  replayErrors: string[];
  /** Times at which requests were forbidden: after a 429 with Retry-After. */
  forbidden: { from: number; to: number }[];
}

/** A request that changes something. */
export function isMutation({ method }: LoggedRequest): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** As the invariants mean it: a 2xx whose operation was not refused as busy or impossible; also where the reply was lost. */
export function isAccepted(request: LoggedRequest): boolean {
  return isMutation(request) && request.operation !== undefined && request.operationRefused !== true;
}

/** The change activity during which the run sent a request. */
export function activityOf(run: RunEvidence, request: LoggedRequest): Activity | undefined {
  const at = Date.parse(request.at);
  // Temporal's clock and this process's are the same machine's; a millisecond is lost in rounding.
  return run.activities.find(
    ({ type, scheduledAt, closedAt = Infinity }) => isChange(type) && at >= scheduledAt - 2 && at <= closedAt + 2,
  );
}

/** By the names of activities: what neither reads nor checks nor speaks with locks changes its target. */
export function isChange(type: string): boolean {
  return !isVerification(type) && !/^read|^inspect|^measure|Targets$/.test(type);
}

export function isVerification(type: string): boolean {
  return /^verify/.test(type);
}

/** The server of a step's resource: "postgres:name" → "name". */
export function serverOf(resource: string): string {
  return resource.slice(resource.indexOf(':') + 1);
}
