import type { AnswerName } from './messages';
import type { Outcome, Phase } from './outcome';
import type { ClientBudget, PlannedStep } from './plan';

export type StepState =
  'pending' | 'applying' | 'verifying' | 'done' | 'failed' | 'undoing' | 'undone' | 'undo failed' | 'left in place';

/** One step as it went. Times are ISO 8601 in UTC. */
export interface StepProgress extends PlannedStep {
  state: StepState;
  startedAt?: string;
  endedAt?: string;
  /** What verification read from the target itself. */
  evidence?: string;
  /** Why it failed, in a sentence. */
  error?: string;
}

/** What a run waits for, on whom, since when (ISO 8601). */
export interface Waiting {
  reason: string;
  on: string;
  since: string;
  /** When the wait ends by itself, where it does. */
  until?: string;
}

/** What the operator needs to decide, while a run is `needs-operator`. */
export interface Trouble {
  step: string;
  /** What is true now, as far as it could be read. */
  now: string;
  /** Every cause, the first one first. */
  tried: string[];
  held: string[];
  /** Which of the three orders make sense here. */
  orders: AnswerName[];
  since: string;
}

/** What clients noticed, as measured by a probe on the path that they use. */
export interface ClientMeasurement {
  requests: number;
  failedRequests: number;
  /** What the last one that failed has met. */
  lastFailure?: string;
  longestStallSeconds: number;
  /** Time in which nobody measured (the probe's worker was away): unknown, not fine. */
  unmeasuredSeconds: number;
}

/** Behind how many failed; nothing where none has. */
export function lastFailed({ lastFailure }: Pick<ClientMeasurement, 'lastFailure'>): string {
  return lastFailure === undefined ? '' : `; the last that failed: ${lastFailure}`;
}

/** Whether clients noticed more than was declared. */
export function exceeds(measured: ClientMeasurement, budget: ClientBudget): boolean {
  return measured.failedRequests > budget.failedRequests || measured.longestStallSeconds > budget.longestStallSeconds;
}

/** An order or an answer that a person gave to the run. */
export interface OperatorEntry {
  at: string;
  by: string;
  order: string;
  reason: string;
}

export interface RunStatus {
  runbook: string;
  workflowId: string;
  runId: string;
  subject: string;
  phase: Phase;
  outcome?: Outcome;
  planHash?: string;
  requestedBy: string;
  reason: string;
  startedAt: string;
  waiting?: Waiting;
  trouble?: Trouble;
  /** Targets locked now. */
  held: string[];
  steps: StepProgress[];
  clients?: ClientMeasurement;
  operators: OperatorEntry[];
}

/** What a closed run says of itself; also the details of the failure it closes with. */
export interface Report {
  outcome: Outcome;
  /** One or a few sentences: why it ended so. For a refusal one line a reason. */
  summary: string;
  runbook: string;
  workflowId: string;
  subject: string;
  planHash?: string;
  requestedBy: string;
  reason: string;
  startedAt: string;
  endedAt: string;
  steps: StepProgress[];
  clients?: ClientMeasurement;
  clientBudget?: ClientBudget;
  operators: OperatorEntry[];
  /** Events in the workflow's history when the report was written. */
  historyEvents: number;
}
