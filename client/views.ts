import type { Report, RunStatus } from '../catalogue';

/** Where a run is found. */
export interface RunReference {
  workflowId: string;
  runId: string;
  /** The run in Temporal UI. */
  url: string;
}

/** What Temporal itself knows of a run that no worker speaks for. */
export interface Traces {
  runbook: string;
  taskQueue: string;
  /** Why the run does not speak for itself, and what to do. */
  why: string;
  remedy: string;
  phase?: string;
  outcome?: string;
  requestedBy?: string;
  targets: string[];
  startedAt: string;
  /** The newest event of its history: its type and when, ISO 8601. */
  lastEvent?: { type: string; at: string };
  /** The last thing that it began, in its own words, such as "upgrade broxiva-db-primary · apply", and when. */
  lastWork?: { what: string; at: string };
  /** When a worker last asked the task queue for work, ISO 8601; absent if none did in the last minutes. */
  workerLastSeen?: string;
}

/** Something that a run asks for until it is so. */
export interface Retry {
  /** Temporal's id of the activity, the same for all attempts. */
  activity: string;
  attempt: number;
  /** What the attempt before was answered. */
  why: string;
  /** This one has been accepted, it seems, and is waited for. */
  underWay: boolean;
}

/** A run as it is now: it speaks for itself, nobody speaks for it, or it has closed, with or without a report. */
export type RunView =
  | { state: 'open'; run: RunReference; status: RunStatus; retries: Retry[] }
  | { state: 'unanswered'; run: RunReference; traces: Traces }
  | { state: 'closed'; run: RunReference; report: Report }
  | { state: 'ended'; run: RunReference; runbook: string; why: string };

/** A line of a list of runs: search attributes only, so no worker is needed. */
export interface RunSummary {
  workflowId: string;
  runbook: string;
  /** Temporal's own word, such as RUNNING or TERMINATED. */
  execution: string;
  phase?: string;
  outcome?: string;
  requestedBy?: string;
  targets: string[];
  startedAt: string;
  closedAt?: string;
}
