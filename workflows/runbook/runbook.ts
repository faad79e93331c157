/**
 * The engine: what a run of any runbook does.
 *
 * 1. Parse the input; what does not fit is refused before anything is read.
 * 2. Preflight: read, judge, plan. Refuse with every reason at once; stop here for a dry run.
 * 3. Ask for approval where the policy or the input wants one, bound to the plan's hash.
 * 4. Lock the targets, all or none; preflight again under the lock. Another hash means a new plan,
 *    and a new question where one must be asked; so does an approval that has expired meanwhile.
 * 5. Perform (perform.ts), measuring clients beside it; roll back (rollback.ts) or ask an operator (operator.ts) where it fails.
 * 6. Report and close: completed for Succeeded and Planned, failed with that type for everything else. The locks see it, and
 *    are free.
 */
import {
  ApplicationFailure,
  CancellationScope,
  allHandlersFinished,
  condition,
  workflowInfo,
} from '@temporalio/workflow';
import type { ZodType } from 'zod';
import type { ClientActivities } from '../../activities/clients/contract';
import type { TopologyActivities } from '../../activities/topology';
import type { ClientMeasurement, Plan, Report, RunInput, Topology } from '../../catalogue';
import { completing, identity, inputProblems } from '../../catalogue';
import { companions, reads } from './activities';
import type { Runbook } from './definition';
import { storyOf } from './failure';
import { lockTargets, unlockTargets } from './locking';
import { handleMessages } from './messages';
import { assertNotMidway } from './midway';
import type { Ending } from './ending';
import type { Afterwards } from './perform';
import { perform } from './perform';
import type { Proposal } from './plan';
import { propose, refusalsOf } from './plan';
import { now } from './clock';
import { Run } from './run';

const topologies = reads<TopologyActivities>();
const measuring = companions<ClientActivities>();

/** How often a plan may be overtaken by a change under the lock before the run gives up. */
const plansMax = 5;

/** Makes the workflow function of a runbook. */
export function runbook<Input extends RunInput, Facts>(
  definition: Runbook<Input, Facts>,
): (input: unknown) => Promise<Report> {
  return (raw) => {
    const run = new Run(definition.name);
    handleMessages(run);
    // Cancelling from Temporal is an abort like any other; after that the scope's own cancellation must reach nothing.
    CancellationScope.current().cancelRequested.catch(() => {
      assertNotMidway();
      run.note('cancel', 'Temporal', 'cancelled');
      run.stop({ by: 'Temporal', reason: 'cancelled' });
    });
    return CancellationScope.nonCancellable(async () => close(run, await procedure(run, definition, raw)));
  };
}

async function procedure<Input extends RunInput, Facts>(
  run: Run,
  definition: Runbook<Input, Facts>,
  raw: unknown,
): Promise<Ending> {
  const parsed = parse(definition.input, raw);
  if (parsed === undefined) return { outcome: 'Refused', summary: 'the input cannot be read; nothing was touched' };
  if (!parsed.success) {
    const asker = identity.safeParse((raw as { requestedBy?: unknown } | null | undefined)?.requestedBy);
    if (asker.success) run.input = { requestedBy: asker.data, reason: '' };
    return { outcome: 'Refused', summary: lines(misfits(definition.input, raw)) };
  }
  const input = parsed.data;
  run.input = input;
  const prepared = await run
    .forward(() => prepare(run, definition, input))
    .catch((error: unknown): Ending => {
      const cause = run.stopOrder ? `stopped by ${run.stopOrder.by}: ${run.stopOrder.reason}` : storyOf(error).message;
      return { outcome: 'Refused', summary: `${cause}; nothing was touched` };
    });
  if (!('outcome' in prepared)) return performMeasured(run, definition, input, prepared);
  await unlockTargets(run).catch(() => undefined);
  return prepared;
}

interface Prepared<Facts> {
  topology: Topology;
  proposal: Proposal<Facts>;
}

/** Steps 2 to 4: a plan that is approved, locked and still true, or an early ending. */
async function prepare<Input extends RunInput, Facts>(
  run: Run,
  definition: Runbook<Input, Facts>,
  input: Input,
): Promise<Ending | Prepared<Facts>> {
  const topology = await topologies('preflight · read the topology').readTopology();
  run.approvers = topology.approval.approvers;
  run.subject = definition.subject(input, topology);
  run.enter('preflight');
  const look = async (): Promise<Proposal<Facts>> =>
    propose(definition, input, await definition.preflight(input, topology), topology);
  let proposal = await look();
  // Whoever said yes may be asleep by the time the locks are free.
  let expired = false;
  for (let plans = 1; ; plans++) {
    adopt(run, proposal.plan);
    const refused = refusalOf(proposal.plan, input);
    // Who waits is judged when it is its turn: what stands in its way now may be what the holder is doing.
    if (refused && (input.dryRun || input.onBusy === 'refuse')) return refused;
    if (input.dryRun) return { outcome: 'Planned', summary: '' };
    const denied = refused ? undefined : await askApproval(run, proposal.plan, input, expired);
    if (denied) return { outcome: 'Refused', summary: `${denied}; nothing was touched` };
    const approvedAt = Date.now();
    const busy = await lockTargets(run, proposal.plan.targets, input.onBusy);
    if (busy) return { outcome: 'Refused', summary: `${busy}; nothing was touched` };
    const underLock = await look();
    const goodForMs = input.timing.approvalTimeoutSeconds * 1000;
    expired = proposal.plan.approval.required && Date.now() - approvedAt > goodForMs;
    const refusedNow = refusalOf(underLock.plan, input);
    if (refusedNow) {
      adopt(run, underLock.plan);
      return refusedNow;
    }
    if (!refused && !expired && underLock.plan.hash === proposal.plan.hash) return { topology, proposal: underLock };
    if (covers(proposal.plan, underLock.plan)) {
      adopt(run, underLock.plan);
      return { topology, proposal: underLock };
    }
    await unlockTargets(run);
    if (plans === plansMax)
      return {
        outcome: 'Refused',
        summary: `the plan changed, or its approval expired, ${plansMax} times before it could begin; nothing was touched`,
      };
    proposal = underLock;
  }
}

/** A newer plan over the same locked targets that nobody needs to be asked about is as good as the first. */
function covers(locked: Plan, newer: Plan): boolean {
  return !newer.approval.required && newer.targets.every((target) => locked.targets.includes(target));
}

function adopt(run: Run, plan: Plan): void {
  run.plan = plan;
  run.approval = undefined;
  run.steps = plan.steps.map((step) => ({ ...step, state: 'pending' }));
  run.show();
}

function refusalOf(plan: Plan, input: RunInput): Ending | undefined {
  const refusals = refusalsOf(plan);
  if (refusals.length > 0) return { outcome: 'Refused', summary: lines(refusals) };
  if (input.planHash !== undefined && !plan.hash.startsWith(input.planHash)) {
    return {
      outcome: 'Refused',
      summary: `the plan is ${plan.hash} by now, not ${input.planHash}: production has changed since; plan again. Nothing was touched`,
    };
  }
  return undefined;
}

/** Resolves to why it was denied, or to nothing. */
async function askApproval(run: Run, plan: Plan, input: RunInput, expired: boolean): Promise<string | undefined> {
  if (!plan.approval.required) return undefined;
  run.enter('awaiting-approval');
  const on = run.approvers.length > 0 ? `one of ${run.approvers.join(', ')}` : `anybody but ${input.requestedBy}`;
  const again = expired ? '; the one that was given has expired' : '';
  const answered = await run.waitFor(
    { reason: `approval of plan ${plan.hash} (${plan.approval.why}${again})`, on },
    () => run.approval !== undefined || run.rejection !== undefined,
    input.timing.approvalTimeoutSeconds,
  );
  if (!answered) return `nobody approved plan ${plan.hash} in time`;
  if (run.rejection) return `rejected by ${run.rejection.by}: ${run.rejection.reason}`;
  return undefined;
}

/** Step 5, with the probe beside it. */
async function performMeasured<Input extends RunInput, Facts>(
  run: Run,
  definition: Runbook<Input, Facts>,
  input: Input,
  { topology, proposal }: Prepared<Facts>,
): Promise<Ending> {
  run.enter('running');
  const path = definition.clients?.(input, proposal.facts, topology);
  const probeScope = new CancellationScope();
  const began = Date.now();
  const probe =
    path === undefined || proposal.steps.length === 0
      ? undefined
      : probeScope
          .run(() =>
            measuring('clients · measure failed requests and stalls').measureClients({
              path,
              budget: input.clientBudget,
            }),
          )
          // Its worker had died and no other had taken it on: what it had counted is gone, and that is not the same as fine.
          .catch(() => run.clients ?? unmeasuredSince(began));
  const measured = (): Promise<ClientMeasurement | undefined> => {
    probeScope.cancel();
    return probe ?? Promise.resolve(undefined);
  };
  const ending = await perform(run, {
    steps: proposal.steps,
    soakSeconds: input.timing.soakSeconds,
    measured,
    afterwards: () => afterwards(definition, input, { topology, proposal }),
  });
  run.clients = (await measured()) ?? run.clients;
  return ending;
}

function unmeasuredSince(began: number): ClientMeasurement {
  const unmeasuredSeconds = (Date.now() - began) / 1000;
  return { requests: 0, failedRequests: 0, longestStallSeconds: 0, unmeasuredSeconds };
}

/** When all is done, the same preflight must find nothing left to do: every step that it would plan now has drifted. */
async function afterwards<Input extends RunInput, Facts>(
  definition: Runbook<Input, Facts>,
  input: Input,
  { topology, proposal }: Prepared<Facts>,
): Promise<Afterwards> {
  const now = await definition.preflight(input, topology);
  const done = new Set(proposal.steps.map((step) => step.resource));
  const drifted = definition
    .steps(input, now, topology)
    .filter((step) => done.has(step.resource))
    .map((step) => `${step.resource} shows ${step.from} instead of ${step.to}`);
  return { drifted, problems: [], evidence: [], ...definition.settled?.(input, proposal.facts, now) };
}

async function close(run: Run, { outcome, summary }: Ending): Promise<Report> {
  run.outcome = outcome;
  run.waiting = undefined;
  run.held = [];
  const { workflowId, historyLength } = workflowInfo();
  const { runbook, subject, startedAt, steps, clients, operators } = run;
  const { requestedBy, reason } = run.input;
  run.report = {
    outcome, summary, runbook, workflowId, subject, planHash: run.plan?.hash, requestedBy, reason, startedAt,
    endedAt: now(), steps, clients, clientBudget: run.plan?.clientBudget, operators, historyEvents: historyLength,
  }; // prettier-ignore
  run.enter('closed');
  await run.ordersOnRecord();
  await condition(allHandlersFinished);
  if (completing.has(outcome)) return run.report;
  const ended = ApplicationFailure.create({
    type: outcome,
    message: summary,
    details: [run.report],
    nonRetryable: true,
  });
  // An outcome is no defect: a stack trace would tell its reader nothing but paths of the worker's machine.
  ended.stack = '';
  throw ended;
}

/** A check of a schema that throws is a defect of ours; in a workflow it would be tried again for ever. */
function parse<Input>(schema: ZodType<Input>, raw: unknown) {
  try {
    return schema.safeParse(raw);
  } catch {
    return undefined;
  }
}

/** What does not fit, as given → allowed. */
function misfits(schema: ZodType, raw: unknown): { field: string; message: string }[] {
  return inputProblems(schema, raw).map(({ field, given, allowed }) => ({
    field: field === '' ? 'input' : field,
    message: `${given ?? 'nothing was given'}; allowed: ${allowed}`,
  }));
}

function lines(problems: { field?: string; message: string }[]): string {
  const width = Math.max(...problems.map(({ field }) => field?.length ?? 0));
  const rows = problems.map(({ field, message }) => `  ${(field ?? '').padEnd(width)}  ${message}`);
  return ['nothing was touched:', ...rows].join('\n');
}
