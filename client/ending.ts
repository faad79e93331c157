import type { WorkflowExecutionInfo, WorkflowHandle } from '@temporalio/client';
import type { Report } from '../catalogue';
import { outcomes } from '../catalogue';

/** How a run closed: with a report of its own, or without one and then why, in a sentence. */
export type Ending = { report: Report } | { why: string };

/** Reads how a closed run ended, from its history alone: no worker is needed. */
export async function readEnding(
  handle: WorkflowHandle,
  { status }: Pick<WorkflowExecutionInfo, 'status'>,
): Promise<Ending> {
  switch (status.name) {
    case 'COMPLETED':
    case 'FAILED':
      return handle.result().then(endingOfResult, endingOfFailure);
    case 'TERMINATED':
      return {
        why: 'terminated in Temporal: it undid nothing, and what it had locked stays locked until an operator has looked (see the command "locks")',
      };
    case 'CANCELLED':
      return { why: 'cancelled before it could say how it ended: look at what it changed before you start another' };
    case 'TIMED_OUT':
      return {
        why: 'ended by a time-out of Temporal: it undid nothing, and what it had locked stays locked (see the command "locks")',
      };
    default:
      return { why: `closed as ${status.name}` };
  }
}

/** Pure: what a completed workflow returned. */
export function endingOfResult(result: unknown): Ending {
  return isReport(result)
    ? { report: result }
    : { why: 'completed without a report: this is not the run of a runbook' };
}

/** Pure: a run that did not succeed fails with its outcome as the failure's type and its report as the details. */
export function endingOfFailure(error: unknown): Ending {
  const isFailure = error instanceof Error && error.name === 'WorkflowFailedError';
  if (!isFailure) throw error;
  const { type, details, message } = (error.cause ?? error) as {
    type?: string | null;
    details?: unknown[];
    message: string;
  };
  const report = details?.[0];
  if (isReport(report) && report.outcome === type) return { report };
  return { why: `failed without a report${typeof type === 'string' ? ` (${type})` : ''}: ${message}` };
}

function isReport(value: unknown): value is Report {
  const { outcome, steps, summary } = (value ?? {}) as Partial<Record<keyof Report, unknown>>;
  return (outcomes as readonly unknown[]).includes(outcome) && Array.isArray(steps) && typeof summary === 'string';
}
