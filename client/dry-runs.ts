import type { WorkflowExecutionInfo } from '@temporalio/client';
import type { Report, RunbookEntry } from '../catalogue';
import { findRunbook, runbooks } from '../catalogue';
import { readEnding } from './ending';
import { Problem } from './problem';
import type { Temporal } from './temporal';
import { problemOf } from './temporal-errors';

/** A dry run that made a plan, and what it was asked. */
export interface DryRun {
  entry: RunbookEntry;
  workflowId: string;
  /** The whole hash. */
  planHash: string;
  input: Record<string, unknown>;
  plannedAt: string;
}

/** How many of the newest dry runs are looked through: each costs one read. */
const lookedThroughMax = 500;
/** Temporal lists a closed run a moment later: how long, in all, a plan that is not found may still appear. */
const retryAfterMs = [300, 700, 1500, 2500];

/**
 * Finds the dry run that made a plan, by the plan's hash or its first six digits or more: looks through the dry runs that
 * Temporal still keeps, the newest first, and reads each one's report. The plan itself may be hours old: the run that is
 * started from it plans anew and refuses if its own hash is another.
 * Throws `NotFound` when no dry run made it, `Ambiguous` when the digits fit several plans.
 */
export async function findDryRun(temporal: Temporal, digits: string): Promise<DryRun> {
  const prefix = digits.toLowerCase();
  if (!/^[0-9a-f]{6,12}$/.test(prefix)) {
    throw new Problem('BadUsage', `"${digits.slice(0, 40)}" is not a plan`, {
      remedy: 'give the first 6 to 12 hexadecimal digits that the plan shows',
    });
  }
  const read = new Map<string, PlannedReport | undefined>();
  for (const wait of [...retryAfterMs, undefined]) {
    const found = await search(temporal, prefix, read).catch((error: unknown) => {
      throw problemOf(error, temporal);
    });
    if (found !== undefined) return found;
    if (wait !== undefined) await new Promise((resolve) => setTimeout(resolve, wait));
  }
  throw new Problem(
    'NotFound',
    `no dry run made plan ${prefix} (namespace "${temporal.namespace}" of Temporal at ${temporal.address})`,
    {
      remedy: 'plan again: Temporal forgets closed runs after the retention of its namespace',
    },
  );
}

type PlannedReport = Report & { planHash: string };

interface Candidate {
  info: WorkflowExecutionInfo;
  report: PlannedReport;
}

/** `read` keeps the reports of closed runs, by run id, for the next search. */
async function search(
  temporal: Temporal,
  prefix: string,
  read: Map<string, PlannedReport | undefined>,
): Promise<DryRun | undefined> {
  const types = Object.keys(runbooks).map((name) => `'${name}'`);
  const query = `WorkflowType IN (${types.join(', ')}) AND RunbookOutcome = 'Planned' AND ExecutionStatus = 'Completed'`;
  const candidates: Candidate[] = [];
  let seen = 0;
  for await (const info of temporal.client.workflow.list({ query })) {
    if (++seen > lookedThroughMax) break;
    if (!read.has(info.runId)) read.set(info.runId, await planned(temporal, info));
    const report = read.get(info.runId);
    if (report?.planHash.startsWith(prefix)) candidates.push({ info, report });
    // A whole hash has one meaning, so that the newest dry run of it will do.
    if (report?.planHash === prefix) break;
  }
  const newest = only(candidates, prefix);
  return newest && { ...newest, input: await inputOf(temporal, newest.workflowId) };
}

async function planned({ client }: Temporal, info: WorkflowExecutionInfo): Promise<PlannedReport | undefined> {
  const ending = await readEnding(client.workflow.getHandle(info.workflowId, info.runId), info);
  return 'report' in ending && ending.report.planHash !== undefined
    ? { ...ending.report, planHash: ending.report.planHash }
    : undefined;
}

/** Pure: the newest of those that made the same plan; several plans are the caller's to tell apart. */
function only(candidates: Candidate[], prefix: string): Omit<DryRun, 'input'> | undefined {
  const hashes = [...new Set(candidates.map(({ report }) => report.planHash))];
  if (hashes.length > 1) {
    throw new Problem('Ambiguous', `${hashes.length} plans begin with ${prefix}: ${hashes.join(', ')}`, {
      remedy: 'give more digits',
    });
  }
  const [newest] = candidates.toSorted((one, other) => other.info.startTime.getTime() - one.info.startTime.getTime());
  const entry = newest && findRunbook(newest.info.type);
  return (
    entry && {
      entry,
      workflowId: newest.info.workflowId,
      planHash: newest.report.planHash,
      plannedAt: newest.report.endedAt,
    }
  );
}

/** What a run was started with: the first event of its history. */
async function inputOf({ client }: Temporal, workflowId: string): Promise<Record<string, unknown>> {
  const history = await client.workflow.getHandle(workflowId).fetchHistory();
  const payloads = history.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const { defaultPayloadConverter } = await import('@temporalio/common');
  return payloads[0] ? defaultPayloadConverter.fromPayload<Record<string, unknown>>(payloads[0]) : {};
}
