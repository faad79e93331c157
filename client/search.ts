import type { WorkflowExecutionInfo } from '@temporalio/client';
import { identity, outcomes, phases, runbooks } from '../catalogue';
import { Problem } from './problem';
import type { Temporal } from './temporal';
import { problemOf } from './temporal-errors';
import type { RunSummary } from './views';

/** Which runs to list. All given conditions must hold. */
export interface RunFilter {
  runbook?: string;
  target?: string;
  phase?: string;
  outcome?: string;
  requestedBy?: string;
  /** Only runs that have not closed. */
  open?: boolean;
  limit: number;
}

/** Runs, the newest first, by search attributes alone. Throws `BadUsage` for a condition that cannot be. */
export async function listRuns(temporal: Temporal, filter: RunFilter): Promise<RunSummary[]> {
  const runs: RunSummary[] = [];
  try {
    for await (const info of temporal.client.workflow.list({
      query: runQuery(filter),
      pageSize: Math.min(filter.limit, 200),
    })) {
      runs.push(summaryOf(info));
      if (runs.length >= filter.limit) break;
    }
  } catch (error) {
    throw problemOf(error, temporal);
  }
  return runs;
}

/** Pure: the conditions in Temporal's query language. Values are checked, so that none can be more than a value. */
export function runQuery({ runbook, target, phase, outcome, requestedBy, open }: Omit<RunFilter, 'limit'>): string {
  const types = runbook === undefined ? Object.keys(runbooks) : [checked('runbook', runbook, Object.keys(runbooks))];
  const conditions = [`WorkflowType IN (${types.map(quoted).join(', ')})`];
  if (open === true) conditions.push(`ExecutionStatus = 'Running'`);
  if (target !== undefined) conditions.push(`RunbookTarget = ${quoted(checkedTarget(target))}`);
  if (phase !== undefined) conditions.push(`RunbookPhase = ${quoted(checked('phase', phase, phases))}`);
  if (outcome !== undefined) conditions.push(`RunbookOutcome = ${quoted(checked('outcome', outcome, outcomes))}`);
  if (requestedBy !== undefined) conditions.push(`RunbookRequester = ${quoted(checkedIdentity(requestedBy))}`);
  return conditions.join(' AND ');
}

function summaryOf(info: WorkflowExecutionInfo): RunSummary {
  return {
    workflowId: info.workflowId,
    runbook: info.type,
    execution: info.status.name,
    ...attributesOf(info),
    startedAt: info.startTime.toISOString(),
    closedAt: info.closeTime?.toISOString(),
  };
}

/** What the runbooks say of themselves by search attributes. */
export function attributesOf({ typedSearchAttributes }: Pick<WorkflowExecutionInfo, 'typedSearchAttributes'>) {
  const found = new Map(typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value]));
  const word = (name: string) => {
    const value = found.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  const targets = found.get('RunbookTarget');
  return {
    phase: word('RunbookPhase'),
    outcome: word('RunbookOutcome'),
    requestedBy: word('RunbookRequester'),
    targets: Array.isArray(targets) ? targets.map(String) : [],
  };
}

/** A target as people type it: with or without the lock's prefix, in any case. Throws `BadUsage` where it cannot be one. */
export function checkedTarget(target: string): string {
  const canonical = target.toLowerCase().replace(/^target:/, '');
  if (/^[a-z0-9][a-z0-9:._-]{0,199}$/.test(canonical)) return canonical;
  throw new Problem('BadUsage', `"${target.slice(0, 100)}" is not a target`, {
    remedy:
      'give its kind and name, such as postgres:broxiva-db-primary; the command "locks" shows those that are held',
  });
}

function checkedIdentity(value: string): string {
  const parsed = identity.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Problem('BadUsage', `"${value.slice(0, 100)}" is not an identity`, {
    remedy: 'give an e-mail address or account name of at most 100 characters',
  });
}

function checked(what: string, value: string, allowed: readonly string[]): string {
  if (allowed.includes(value)) return value;
  throw new Problem('BadUsage', `there is no ${what} "${value.slice(0, 100)}"`, {
    remedy: `give one of ${allowed.join(', ')}`,
  });
}

function quoted(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
