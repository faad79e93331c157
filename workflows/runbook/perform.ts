/**
 * Performs the steps of an approved plan whose targets are locked.
 *
 * 1. Before each step: pause if asked to, stop if the clients' budget is exceeded. Where all that was begun can be taken back unnoticed,
 *    that does not wait for the step to end.
 * 2. Read the target; if it is not what the plan says, refuse to overwrite it (`Drift`).
 * 3. Register the undo, then apply, then verify by the target itself.
 * 4. After the last: soak, then see whether all is still so.
 * 5. When that ends early: roll back, or ask an operator (decisions.ts), who may order to go on from the same step. A step without a way
 *    back that was stopped midway is led out of it first: who may be asleep does not keep clients waiting.
 */
import { isCancellation, patched, sleep } from '@temporalio/workflow';
import type { ClientMeasurement } from '../../catalogue';
import { duration, exceeds, lastFailed } from '../../catalogue';
import { afterExceededBudget, afterInterruption } from './decisions';
import { failure, type FailureStory, storyOf } from './failure';
import type { Settlement } from './definition';
import type { Begun, Ending } from './ending';
import { askOperator } from './operator';
import { type Certain, noWayBack, rollBack } from './rollback';
import type { OperatorOrder, Run } from './run';
import { now } from './clock';
import type { AnyStep } from './step';

export interface Performance {
  steps: AnyStep[];
  soakSeconds: number;
  /** Ends the measuring of clients; the same answer however often it is asked. */
  measured(): Promise<ClientMeasurement | undefined>;
  /** Reads everything once more. */
  afterwards(): Promise<Afterwards>;
}

/** What is to be said of the changed system when the soak is over. */
export interface Afterwards extends Settlement {
  /** What is no longer as it was verified. */
  drifted: string[];
}

export async function perform(run: Run, performance: Performance): Promise<Ending> {
  const begun: Begun[] = [];
  let next = 0;
  run.stopsMidway = () => begun.length > 0 && afterExceededBudget(begun.map(({ step }) => step)) === 'rollBack';
  for (;;) {
    try {
      const evidence = await run.forward(async () => {
        for (; next < performance.steps.length; next++) await performStep(run, performance.steps[next]!, begun);
        return settle(run, performance, begun);
      });
      return { outcome: 'Succeeded', summary: evidence.join('; ') };
    } catch (error) {
      const endedByBudget = isCancellation(error) && run.budgetExceeded && !run.stopOrder;
      const story = storyOf(endedByBudget ? exceededBudget(run, begun) : error);
      const current = performance.steps[Math.min(next, performance.steps.length - 1)];
      const cause = run.stopOrder ? `stopped by ${run.stopOrder.by}: ${run.stopOrder.reason}` : story.message;
      run.waiting = undefined;
      markInterrupted(run, current, cause);
      const { certain, problem } = await leadOut(run, begun, current, story);
      const answer = afterInterruption({
        asks: story.asks && !certain,
        irreversibleBegun: begun.some(({ step }) => step.reversibility === 'irreversible' && step !== certain?.step),
      });
      if (answer === 'rollBack') return rollBack(run, begun, cause, certain);
      // Who has stopped it learns as well what became of the step in the middle of which that was.
      const said = run.stopOrder && story.type !== 'Cancelled' ? [cause, story.message] : [cause];
      const causes = problem === undefined ? said : [...said, problem];
      const order = await askHowToGoOn(run, begun, causes, { current, certain });
      if (order.order === 'rollback') return rollBack(run, begun, cause, certain);
      if (order.order === 'accept') return { outcome: 'Accepted', summary: `accepted by ${order.by}: ${order.reason}` };
      run.stopOrder = undefined;
      run.enter('running');
    }
  }
}

/**
 * Whether the step that failed certainly had no effect; or why that is not known. Temporal does not try a step again that was told to stop:
 * where its worker died, what it was in the middle of stays so. That is put right now, once.
 */
async function leadOut(
  run: Run,
  begun: Begun[],
  step: AnyStep | undefined,
  story: FailureStory,
): Promise<{ certain?: Certain; problem?: string }> {
  const certain = ({ byOthers = false }: FailureStory, of: AnyStep) => ({ certain: { step: of, byOthers } });
  if (!step || story.withoutEffect) return step ? certain(story, step) : {};
  const isMidway = begun.some((entry) => entry.step === step && !entry.applied);
  const isForSomebody = story.type === 'Drift';
  if (!run.stopOrder || step.undo || !step.abandon || !isMidway || isForSomebody || !patched('stopped midway'))
    return {};
  run.waiting = { reason: `${step.name}: stopped midway, put right first`, on: step.resource, since: now() };
  run.show();
  try {
    return { certain: { step, byOthers: false, evidence: await step.abandon() } };
  } catch (error) {
    const outcome = storyOf(error);
    if (outcome.withoutEffect) return certain(outcome, step);
    const isKnown = outcome.type === 'NoWayBack' || outcome.type === 'Drift';
    return { problem: isKnown ? outcome.message : `it was not put right, and clients may wait: ${outcome.message}` };
  } finally {
    run.waiting = undefined;
  }
}

/** `rollback` is obeyed where there is a way back; where there is none it is said, and asked again. */
async function askHowToGoOn(
  run: Run,
  begun: Begun[],
  causes: string[],
  { current, certain }: { current: AnyStep | undefined; certain: Certain | undefined },
): Promise<OperatorOrder> {
  const first = await askOperator(run, { step: current, causes, orders: ['retry', 'rollback', 'accept'] });
  if (first.order !== 'rollback') return first;
  const obstacle = await noWayBack(run, begun, certain);
  if (obstacle === undefined) return first;
  return askOperator(run, { step: current, causes: [...causes, obstacle], orders: ['retry', 'accept'] });
}

async function performStep(run: Run, step: AnyStep, begun: Begun[]): Promise<void> {
  await gate(run, begun);
  let entry = begun.find((other) => other.step === step);
  run.waiting = { reason: `${step.name}: ${step.from} → ${step.to}`, on: step.resource, since: now() };
  run.mark(step.name, { state: 'applying', startedAt: now(), endedAt: undefined, error: undefined });
  if (!entry) {
    const { value, before } = await step.observe();
    if (value !== step.from) throw drift(step, value);
    entry = { step, before, applied: false };
    begun.push(entry);
  }
  entry.applied = false;
  await step.apply(entry.before);
  entry.applied = true;
  run.mark(step.name, { state: 'verifying' });
  const evidence = await step.verify(entry.before);
  run.waiting = undefined;
  run.mark(step.name, { state: 'done', endedAt: now(), evidence });
}

/** Between two steps: a pause takes effect here, and so does an exceeded budget. */
async function gate(run: Run, begun: Begun[]): Promise<void> {
  if (run.pauseOrder) {
    run.enter('paused');
    const { by, reason } = run.pauseOrder;
    await run.waitFor(
      { reason: `paused by ${by}: ${reason}`, on: 'runbook resume' },
      () => run.pauseOrder === undefined,
    );
    run.enter('running');
  }
  if (run.budgetExceeded) throw exceededBudget(run, begun);
}

/** Said once. */
function exceededBudget(run: Run, begun: Begun[]): Error {
  run.budgetExceeded = false;
  const { failedRequests, longestStallSeconds } = run.clients!;
  const type =
    afterExceededBudget(begun.map(({ step }) => step)) === 'rollBack'
      ? 'ClientBudgetExceeded'
      : 'ClientBudgetExceededMidway';
  return failure(
    type,
    `clients noticed more than the budget allows: ${failedRequests} failed requests, longest stall ${longestStallSeconds.toFixed(1)} s${lastFailed(run.clients!)}`,
  );
}

/** Resolves to what the changed system showed. */
async function settle(
  run: Run,
  { soakSeconds, measured, afterwards, steps }: Performance,
  begun: Begun[],
): Promise<string[]> {
  if (steps.length === 0) return ['nothing to do: all is so already'];
  await gate(run, begun);
  if (soakSeconds > 0) {
    run.enter('soaking');
    run.waiting = { reason: `soak of ${duration(soakSeconds)}: watching the changed system`, on: 'time', since: now() };
    run.show();
    await sleep(soakSeconds * 1000, { summary: `soak · ${duration(soakSeconds)}` }).finally(
      () => (run.waiting = undefined),
    );
  }
  run.clients = (await measured()) ?? run.clients;
  if (run.clients && run.plan && exceeds(run.clients, run.plan.clientBudget)) run.exceedBudget(run.clients);
  await gate(run, begun);
  const { drifted, problems, evidence } = await lookAfterwards(afterwards);
  if (drifted.length > 0) {
    throw failure('DriftAfterwards', `no longer as verified: ${[...drifted, ...problems].join('; ')}`);
  }
  if (problems.length > 0) throw failure('NotSettled', `after the soak: ${problems.join('; ')}`);
  return evidence;
}

/** A pod that is just being moved, a standby that is a second late: what was verified is not taken back for one look. */
const looks = 4;
const looksApartSeconds = 5;

async function lookAfterwards(afterwards: () => Promise<Afterwards>): Promise<Afterwards> {
  for (let left = looks - 1; ; left--) {
    const seen = await afterwards().catch((error: unknown) => {
      throw unanswered(error);
    });
    if (seen.drifted.length + seen.problems.length === 0 || left === 0) return seen;
    await sleep(looksApartSeconds * 1000, { summary: `soak · look again in ${looksApartSeconds} s` });
  }
}

/** That nobody can look is no reason to take back what was verified: maybe only the way to it is broken, or a login. */
function unanswered(error: unknown): unknown {
  return isCancellation(error) ? error : failure('NotAnswered', `after the soak: ${storyOf(error).message}`);
}

function drift(step: AnyStep, value: string): Error {
  return failure(
    'Drift',
    `step "${step.name}" expects ${step.from}, but ${step.resource} shows ${value}: somebody else changed it, and it is not overwritten`,
  );
}

function markInterrupted(run: Run, step: AnyStep | undefined, error: string): void {
  if (!step) return;
  const state = run.progress(step.name).state;
  if (state === 'applying' || state === 'verifying') run.mark(step.name, { state: 'failed', endedAt: now(), error });
}
